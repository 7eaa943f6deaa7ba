package com.visualsearch.scan;

import java.io.IOException;
import org.apache.lucene.codecs.lucene95.OffHeapFloatVectorValues;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.util.VectorUtil;

/** Copies each vector to the heap; what any JDK and any codec can do. */
abstract class HeapDots extends Dots {
    final float[] query;

    private HeapDots(float[] query) {
        this.query = query;
    }

    abstract float[] vector(int ord) throws IOException;

    @Override
    void add(int[] ords, int count, float[] sums) throws IOException {
        for (int i = 0; i < count; i++) {
            sums[i] += VectorUtil.dotProduct(query, vector(ords[i]));
        }
    }

    /** Vectors by ordinal. */
    static HeapDots byOrd(OffHeapFloatVectorValues values, float[] query) {
        return new HeapDots(query) {
            @Override
            float[] vector(int ord) throws IOException {
                return values.vectorValue(ord);
            }
        };
    }

    /** Vectors of a codec that gives them only by document: here an ordinal is the document's number. */
    static HeapDots byDoc(FloatVectorValues values, float[] query) {
        return new HeapDots(query) {
            @Override
            float[] vector(int doc) throws IOException {
                if (values.docID() < doc) {
                    values.advance(doc);
                }
                return values.vectorValue();
            }
        };
    }
}
