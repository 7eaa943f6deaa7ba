package com.visualsearch.scan;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.apache.lucene.search.ConstantScoreQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.QueryVisitor;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Weight;

/** Scores every document that passes the filter and has all vectors with the sum of its dot products, plus one. */
final class VectorScanQuery extends Query {
    /** A field of unit vectors, and the query vector: unit length times the part's share of the whole weight. */
    record Part(String field, float[] vector) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Part part && field.equals(part.field) && Arrays.equals(vector, part.vector);
        }

        @Override
        public int hashCode() {
            return Objects.hash(field, Arrays.hashCode(vector));
        }
    }

    private final List<Part> parts;
    private final Query filter; // null where everything passes

    VectorScanQuery(List<Part> parts, Query filter) {
        this.parts = List.copyOf(parts);
        this.filter = filter;
    }

    @Override
    public Query rewrite(IndexSearcher searcher) throws IOException {
        if (filter == null) {
            return this;
        }
        Query simpler = filter instanceof ConstantScoreQuery ? filter : new ConstantScoreQuery(filter);
        simpler = simpler.rewrite(searcher);
        if (simpler instanceof MatchNoDocsQuery) {
            return simpler;
        }
        if (simpler instanceof ConstantScoreQuery all && all.getQuery() instanceof MatchAllDocsQuery) {
            return new VectorScanQuery(parts, null);
        }
        return simpler == filter ? this : new VectorScanQuery(parts, simpler);
    }

    @Override
    public Weight createWeight(IndexSearcher searcher, ScoreMode mode, float boost) throws IOException {
        Weight passing = filter == null ? null : searcher.createWeight(filter, ScoreMode.COMPLETE_NO_SCORES, 1f);
        return new VectorScanWeight(this, parts, passing, boost);
    }

    @Override
    public void visit(QueryVisitor visitor) {
        visitor.visitLeaf(this);
    }

    @Override
    public String toString(String field) {
        return "vector_scan(" + parts.stream().map(Part::field).toList() + ", " + filter + ")";
    }

    @Override
    public boolean equals(Object other) {
        return sameClassAs(other)
            && parts.equals(((VectorScanQuery) other).parts)
            && Objects.equals(filter, ((VectorScanQuery) other).filter);
    }

    @Override
    public int hashCode() {
        return Objects.hash(classHash(), parts, filter);
    }
}
