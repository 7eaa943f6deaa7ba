package com.visualsearch.scan;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.MemorySegmentAccessInput;

/** Reads vectors where the file is mapped, with the widest registers the processor has. */
final class OffHeapDots extends Dots {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    private final MemorySegment vectors;
    private final float[] query;
    private final int whole; // components that fill registers; the rest is read under a mask
    private final VectorMask<Float> rest;

    private OffHeapDots(MemorySegment vectors, float[] query) {
        this.vectors = vectors;
        this.query = query;
        this.whole = LANES.loopBound(query.length);
        this.rest = LANES.indexInRange(whole, query.length);
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
            four(ords, i, quarter, sums);
        }
        for (int i = quarter << 2; i < count; i++) {
            sums[i] += one(ords[i]);
        }
    }

    /** One vector of each quarter of the block: memory is read in four streams, by a third faster than in one. */
    private void four(int[] ords, int i, int quarter, float[] sums) {
        int j = i + quarter;
        int k = j + quarter;
        int l = k + quarter;
        long bytes = (long) query.length << 2;
        long a = ords[i] * bytes;
        long b = ords[j] * bytes;
        long c = ords[k] * bytes;
        long d = ords[l] * bytes;
        FloatVector sumA = FloatVector.zero(LANES);
        FloatVector sumB = sumA;
        FloatVector sumC = sumA;
        FloatVector sumD = sumA;
        for (int at = 0; at < whole; at += LANES.length()) {
            long offset = (long) at << 2;
            FloatVector asked = FloatVector.fromArray(LANES, query, at);
            sumA = FloatVector.fromMemorySegment(LANES, vectors, a + offset, ORDER).fma(asked, sumA);
            sumB = FloatVector.fromMemorySegment(LANES, vectors, b + offset, ORDER).fma(asked, sumB);
            sumC = FloatVector.fromMemorySegment(LANES, vectors, c + offset, ORDER).fma(asked, sumC);
            sumD = FloatVector.fromMemorySegment(LANES, vectors, d + offset, ORDER).fma(asked, sumD);
        }
        if (whole < query.length) {
            long offset = (long) whole << 2;
            FloatVector asked = FloatVector.fromArray(LANES, query, whole, rest);
            sumA = FloatVector.fromMemorySegment(LANES, vectors, a + offset, ORDER, rest).fma(asked, sumA);
            sumB = FloatVector.fromMemorySegment(LANES, vectors, b + offset, ORDER, rest).fma(asked, sumB);
            sumC = FloatVector.fromMemorySegment(LANES, vectors, c + offset, ORDER, rest).fma(asked, sumC);
            sumD = FloatVector.fromMemorySegment(LANES, vectors, d + offset, ORDER, rest).fma(asked, sumD);
        }
        sums[i] += sumA.reduceLanes(VectorOperators.ADD);
        sums[j] += sumB.reduceLanes(VectorOperators.ADD);
        sums[k] += sumC.reduceLanes(VectorOperators.ADD);
        sums[l] += sumD.reduceLanes(VectorOperators.ADD);
    }

    private float one(int ord) {
        long start = ((long) ord * query.length) << 2;
        FloatVector sum = FloatVector.zero(LANES);
        for (int at = 0; at < whole; at += LANES.length()) {
            FloatVector asked = FloatVector.fromArray(LANES, query, at);
            sum = FloatVector.fromMemorySegment(LANES, vectors, start + ((long) at << 2), ORDER).fma(asked, sum);
        }
        if (whole < query.length) {
            FloatVector asked = FloatVector.fromArray(LANES, query, whole, rest);
            sum = FloatVector.fromMemorySegment(LANES, vectors, start + ((long) whole << 2), ORDER, rest).fma(asked, sum);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }
}
