package com.visualsearch.scan;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.apache.lucene.codecs.lucene95.OffHeapFloatVectorValues;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FilterLeafReader;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.store.IndexInput;

/** The vectors of one field in one segment, read in the fastest way that its codec and this JDK allow. */
record SegmentVectors(DocIdSetIterator docs, Ordinals ordinals, Dots dots, int size) {
    private static final MethodHandle OFF_HEAP = offHeap();

    /** Null where no document of the segment has a vector that the searcher may see. */
    static SegmentVectors open(LeafReader reader, String field, float[] query) throws IOException {
        FieldInfo info = reader.getFieldInfos().fieldInfo(field);
        FloatVectorValues docs = info == null ? null : reader.getFloatVectorValues(field);
        if (docs == null || docs.size() == 0) {
            return null;
        }
        if (info.getVectorSimilarityFunction() != VectorSimilarityFunction.DOT_PRODUCT) {
            throw new IllegalArgumentException("[" + field + "] was indexed before vectors were normalised; reindex it");
        }
        // The wrappers around the segment hide where its vectors lie; what it may show was decided above.
        FloatVectorValues bare = FilterLeafReader.unwrap(reader).getFloatVectorValues(field);
        if (bare instanceof OffHeapFloatVectorValues values && values.size() == docs.size()) {
            Ordinals ordinals = Ordinals.of(values, reader.maxDoc());
            return new SegmentVectors(docs, ordinals, fastest(values, query), docs.size());
        }
        Dots dots = HeapDots.byDoc(reader.getFloatVectorValues(field), query);
        return new SegmentVectors(docs, Ordinals.of(reader.getFloatVectorValues(field)), dots, docs.size());
    }

    private static Dots fastest(OffHeapFloatVectorValues values, float[] query) {
        if (OFF_HEAP != null) {
            try {
                Dots dots = (Dots) OFF_HEAP.invokeExact(values.getSlice(), query);
                if (dots != null) {
                    return dots;
                }
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }
        return HeapDots.byOrd(values, query);
    }

    /** Compiled only by a JDK that can, loaded only into one that can: see simd/. */
    private static MethodHandle offHeap() {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            Class<?> found = lookup.findClass("com.visualsearch.scan.OffHeapDots");
            return lookup.findStatic(found, "open", MethodType.methodType(Dots.class, IndexInput.class, float[].class));
        } catch (ReflectiveOperationException | LinkageError e) {
            return null;
        }
    }
}
