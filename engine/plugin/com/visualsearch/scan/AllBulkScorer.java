package com.visualsearch.scan;

import java.io.IOException;
import org.apache.lucene.search.BulkScorer;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.util.Bits;

/** Scores all documents that have the vectors, in the order in which the first part's vectors are stored. */
final class AllBulkScorer extends BulkScorer {
    private final VectorBlock block;
    private final Ordinals first;
    private final int size;

    AllBulkScorer(VectorBlock block, SegmentVectors first) {
        this.block = block;
        this.first = first.ordinals();
        this.size = first.size();
    }

    @Override
    public int score(LeafCollector collector, Bits live, int min, int max) throws IOException {
        block.into(collector);
        int ord = first.from(min);
        int doc = ord == Ordinals.END ? Ordinals.END : first.docOf(ord);
        while (doc < max) {
            if (live == null || live.get(doc)) {
                block.add(doc, ord);
            }
            ord = first.next(ord);
            doc = ord == Ordinals.END ? Ordinals.END : first.docOf(ord);
        }
        block.flush();
        return doc;
    }

    @Override
    public long cost() {
        return size;
    }
}
