package com.visualsearch.scan;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.search.ConjunctionUtils;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.Weight;

/** One document at a time, for queries that hold this one among others. */
final class VectorScanScorer extends Scorer {
    private final DocIdSetIterator docs;
    private final List<SegmentVectors> vectors;
    private final float boost;
    private final int[] ord = new int[1];
    private final float[] sum = new float[1];

    VectorScanScorer(Weight weight, Scorer filter, List<SegmentVectors> vectors, float boost) {
        super(weight);
        this.docs = both(filter == null ? null : filter.iterator(), vectors);
        this.vectors = vectors;
        this.boost = boost;
    }

    /** Documents that pass the filter, where there is one, and have every vector. */
    private static DocIdSetIterator both(DocIdSetIterator filter, List<SegmentVectors> vectors) {
        List<DocIdSetIterator> all = new ArrayList<>();
        if (filter != null) {
            all.add(filter);
        }
        vectors.forEach(each -> all.add(each.docs()));
        return all.size() == 1 ? all.get(0) : ConjunctionUtils.intersectIterators(all);
    }

    @Override
    public DocIdSetIterator iterator() {
        return docs;
    }

    @Override
    public int docID() {
        return docs.docID();
    }

    @Override
    public float score() throws IOException {
        sum[0] = 0f;
        for (SegmentVectors each : vectors) {
            ord[0] = each.ordinals().of(docs.docID());
            each.dots().add(ord, 1, sum);
        }
        return VectorBlock.score(sum[0], boost);
    }

    @Override
    public float getMaxScore(int upTo) {
        return VectorBlock.score(1.001f, boost); // rounding may lift a cosine over 1
    }
}
