package com.visualsearch.scan;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Scorable;

/** Gathers documents, scores them together, and hands on those that can still reach the page. */
final class VectorBlock extends Scorable {
    static final int SIZE = 256; // enough to keep the processor's pipeline full, and all of it stays in the L1 cache

    private final Ordinals[] ordinals;
    private final Dots[] dots;
    private final float boost;
    private final int[] docs = new int[SIZE];
    private final int[][] ords;
    private final float[] sums = new float[SIZE];
    private LeafCollector collector;
    private int count = 0;
    private int doc = -1;
    private float score;
    private float least = 0f;

    VectorBlock(List<SegmentVectors> vectors, float boost) {
        this.ordinals = vectors.stream().map(SegmentVectors::ordinals).toArray(Ordinals[]::new);
        this.dots = vectors.stream().map(SegmentVectors::dots).toArray(Dots[]::new);
        this.ords = new int[vectors.size()][SIZE];
        this.boost = boost;
    }

    /** Lucene takes no negative score, and rounding may push a cosine below -1. */
    static float score(float cosine, float boost) {
        return Math.max(0f, cosine + 1f) * boost;
    }

    void into(LeafCollector next) throws IOException {
        collector = next;
        collector.setScorer(this);
    }

    /** Documents come in ascending order; those that lack a vector are passed over. */
    void add(int next) throws IOException {
        int ord = ordinals[0].of(next);
        if (ord >= 0) {
            add(next, ord);
        }
    }

    /** A document whose vector of the first part stands at {@code ord}. */
    void add(int next, int ord) throws IOException {
        ords[0][count] = ord;
        for (int part = 1; part < ordinals.length; part++) {
            int other = ordinals[part].of(next);
            if (other < 0) {
                return;
            }
            ords[part][count] = other;
        }
        docs[count++] = next;
        if (count == SIZE) {
            flush();
        }
    }

    void flush() throws IOException {
        Arrays.fill(sums, 0, count, 0f);
        for (int part = 0; part < dots.length; part++) {
            dots[part].add(ords[part], count, sums);
        }
        int scored = count;
        count = 0;
        for (int i = 0; i < scored; i++) {
            float reached = score(sums[i], boost);
            if (reached >= least) {
                score = reached;
                doc = docs[i];
                collector.collect(doc);
            }
        }
    }

    @Override
    public int docID() {
        return doc;
    }

    @Override
    public float score() {
        return score;
    }

    @Override
    public void setMinCompetitiveScore(float score) {
        least = score;
    }
}
