package com.visualsearch.scan;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.BulkScorer;
import org.apache.lucene.search.Explanation;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.Weight;

/** Opens one segment's vectors, for scoring in blocks or one document at a time. */
final class VectorScanWeight extends Weight {
    private final List<VectorScanQuery.Part> parts;
    private final Weight filter;
    private final float boost;

    VectorScanWeight(VectorScanQuery query, List<VectorScanQuery.Part> parts, Weight filter, float boost) {
        super(query);
        this.parts = parts;
        this.filter = filter;
        this.boost = boost;
    }

    @Override
    public BulkScorer bulkScorer(LeafReaderContext context) throws IOException {
        List<SegmentVectors> vectors = open(context);
        if (vectors == null) {
            return null;
        }
        VectorBlock block = new VectorBlock(vectors, boost);
        if (filter == null) {
            return new AllBulkScorer(block, vectors.get(0));
        }
        BulkScorer passing = filter.bulkScorer(context);
        return passing == null ? null : new FilteredBulkScorer(block, passing);
    }

    @Override
    public Scorer scorer(LeafReaderContext context) throws IOException {
        List<SegmentVectors> vectors = open(context);
        Scorer passing = vectors == null || filter == null ? null : filter.scorer(context);
        if (vectors == null || (filter != null && passing == null)) {
            return null;
        }
        return new VectorScanScorer(this, passing, vectors, boost);
    }

    private List<SegmentVectors> open(LeafReaderContext context) throws IOException {
        List<SegmentVectors> found = new ArrayList<>(parts.size());
        for (VectorScanQuery.Part part : parts) {
            SegmentVectors vectors = SegmentVectors.open(context.reader(), part.field(), part.vector());
            if (vectors == null) {
                return null;
            }
            found.add(vectors);
        }
        return found;
    }

    @Override
    public Explanation explain(LeafReaderContext context, int doc) throws IOException {
        Scorer scorer = scorer(context);
        if (scorer == null || scorer.iterator().advance(doc) != doc) {
            return Explanation.noMatch("does not pass the filter, or lacks a vector");
        }
        return Explanation.match(scorer.score(), "cosine + 1.0, times the boost of " + boost);
    }

    @Override
    public boolean isCacheable(LeafReaderContext context) {
        return filter == null || filter.isCacheable(context);
    }
}
