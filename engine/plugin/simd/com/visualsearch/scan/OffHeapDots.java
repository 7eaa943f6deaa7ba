package com.visualsearch.scan;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.MemorySegmentAccessInput;

/**
 * Reads vectors where the file is mapped. Memory is what it waits for, so 8 lanes are as fast as 16, and fit the usual
 * dimensions without a rest. No masks: their slow path at the end of a segment, once it was taken, makes the compiler
 * put every register on the heap.
 */
final class OffHeapDots extends Dots {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED.length() > 8
        ? FloatVector.SPECIES_256
        : FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);

    private final MemorySegment vectors;
    private final float[] query;
    private final int whole; // components that fill registers

    private OffHeapDots(MemorySegment vectors, float[] query) {
        this.vectors = vectors;
        this.query = query;
        this.whole = LANES.loopBound(query.length);
    }

    /** Null where the file is not mapped as one piece. */
    static Dots open(IndexInput slice, float[] query) throws IOException {
        if (slice instanceof MemorySegmentAccessInput mapped) {
            MemorySegment vectors = mapped.segmentSliceOrNull(0, slice.length());
            return vectors == null ? null : new OffHeapDots(vectors, query);
        }
        return null;
    }

    @Override
    void add(int[] ords, int count, float[] sums) {
        int quarter = count >>> 2;
        for (int i = 0; i < quarter; i++) {
            four(vectors, query, whole, ords, i, quarter, sums);
        }
        for (int i = quarter << 2; i < count; i++) {
            sums[i] += one(vectors, query, whole, ords[i]);
        }
        if (whole < query.length) {
            for (int i = 0; i < count; i++) {
                sums[i] += rest(ords[i]);
            }
        }
    }

    /** One vector of each quarter of the block: memory is read in four streams, by a third faster than in one. */
    private static void four(MemorySegment from, float[] query, int whole, int[] ords, int i, int quarter, float[] sums) {
        int j = i + quarter;
        int k = j + quarter;
        int l = k + quarter;
        long bytes = (long) query.length << 2;
        long a = ords[i] * bytes;
        long b = ords[j] * bytes;
        long c = ords[k] * bytes;
        long d = ords[l] * bytes;
        FloatVector sumA = FloatVector.zero(LANES);
        FloatVector sumB = FloatVector.zero(LANES);
        FloatVector sumC = FloatVector.zero(LANES);
        FloatVector sumD = FloatVector.zero(LANES);
        for (int at = 0; at < whole; at += LANES.length()) {
            long offset = (long) at << 2;
            FloatVector asked = FloatVector.fromArray(LANES, query, at);
            sumA = FloatVector.fromMemorySegment(LANES, from, a + offset, ORDER).fma(asked, sumA);
            sumB = FloatVector.fromMemorySegment(LANES, from, b + offset, ORDER).fma(asked, sumB);
            sumC = FloatVector.fromMemorySegment(LANES, from, c + offset, ORDER).fma(asked, sumC);
            sumD = FloatVector.fromMemorySegment(LANES, from, d + offset, ORDER).fma(asked, sumD);
        }
        sums[i] += sumA.reduceLanes(VectorOperators.ADD);
        sums[j] += sumB.reduceLanes(VectorOperators.ADD);
        sums[k] += sumC.reduceLanes(VectorOperators.ADD);
        sums[l] += sumD.reduceLanes(VectorOperators.ADD);
    }

    private static float one(MemorySegment from, float[] query, int whole, int ord) {
        long start = ((long) ord * query.length) << 2;
        FloatVector sum = FloatVector.zero(LANES);
        for (int at = 0; at < whole; at += LANES.length()) {
            FloatVector asked = FloatVector.fromArray(LANES, query, at);
            sum = FloatVector.fromMemorySegment(LANES, from, start + ((long) at << 2), ORDER).fma(asked, sum);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    private float rest(int ord) {
        long start = ((long) ord * query.length) << 2;
        float sum = 0f;
        for (int at = whole; at < query.length; at++) {
            sum = Math.fma(vectors.get(FLOAT, start + ((long) at << 2)), query[at], sum);
        }
        return sum;
    }
}
