package com.visualsearch.scan;

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.apache.lucene.util.VectorUtil;
import org.elasticsearch.common.ParsingException;
import org.elasticsearch.common.io.stream.StreamInput;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.common.io.stream.Writeable;
import org.elasticsearch.index.mapper.MappedFieldType;
import org.elasticsearch.index.mapper.vectors.DenseVectorFieldMapper.DenseVectorFieldType;
import org.elasticsearch.index.query.SearchExecutionContext;
import org.elasticsearch.search.vectors.DenseVectorQuery;
import org.elasticsearch.search.vectors.VectorData;
import org.elasticsearch.xcontent.XContentParser;

/** One cosine of a scan as it was asked for. */
record ScanPart(String field, float[] vector, double weight) implements Writeable {
    private static final int MOST_DIMS = 4096; // of dense_vector
    private static final Float AS_STORED = 0f; // oversampling: none, so that quantised types speak of their real vectors

    ScanPart(StreamInput in) throws IOException {
        this(in.readString(), in.readFloatArray(), in.readDouble());
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        out.writeString(field);
        out.writeFloatArray(vector);
        out.writeDouble(weight);
    }

    static ScanPart parse(XContentParser parser) throws IOException {
        String field = null;
        float[] vector = null;
        double weight = 1.0;
        if (parser.currentToken() != XContentParser.Token.START_OBJECT) {
            throw wrong(parser, "a part is an object with field, query_vector and weight");
        }
        while (parser.nextToken() != XContentParser.Token.END_OBJECT) {
            String key = parser.currentName();
            parser.nextToken();
            switch (key) {
                case "field" -> field = parser.text();
                case "query_vector" -> vector = numbers(parser);
                case "weight" -> weight = parser.doubleValue();
                default -> throw wrong(parser, "a part knows no [" + key + "]; it knows field, query_vector, weight");
            }
        }
        if (field == null || vector == null) {
            throw wrong(parser, "a part needs [field] and [query_vector]");
        }
        if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
            throw wrong(parser, "[weight] must be above 0, but is " + weight);
        }
        return new ScanPart(field, vector, weight);
    }

    private static float[] numbers(XContentParser parser) throws IOException {
        if (parser.currentToken() != XContentParser.Token.START_ARRAY) {
            throw wrong(parser, "[query_vector] must be a list of numbers");
        }
        float[] found = new float[64];
        int count = 0;
        while (parser.nextToken() != XContentParser.Token.END_ARRAY) {
            if (count == MOST_DIMS) {
                throw wrong(parser, "[query_vector] has more than " + MOST_DIMS + " numbers");
            }
            found = count == found.length ? Arrays.copyOf(found, 2 * count) : found;
            found[count] = parser.floatValue();
            if (Float.isFinite(found[count++]) == false) {
                throw wrong(parser, "[query_vector] holds something that is not a finite number, at position " + (count - 1));
            }
        }
        return Arrays.copyOf(found, count);
    }

    private static ParsingException wrong(XContentParser parser, String message) {
        return new ParsingException(parser.getTokenLocation(), "[" + VectorScanQueryBuilder.NAME + "] " + message);
    }

    /** The part against an index's mapping; the vector brought to the length of the part's share of {@code total}. */
    VectorScanQuery.Part bind(SearchExecutionContext context, double total) {
        MappedFieldType type = context.getFieldType(field);
        if (type == null) {
            throw new IllegalArgumentException("[" + VectorScanQueryBuilder.NAME + "] there is no field [" + field + "]");
        }
        if (!(type instanceof DenseVectorFieldType dense)) {
            throw new IllegalArgumentException(wanted());
        }
        dense.createExactKnnQuery(VectorData.fromFloats(vector), null, AS_STORED); // names wrong dimensions, and length 0
        if (isCosine(dense, scaled(2)) == false) {
            throw new IllegalArgumentException(wanted());
        }
        return new VectorScanQuery.Part(field, scaled(weight / total));
    }

    private String wanted() {
        return "[" + VectorScanQueryBuilder.NAME + "] [" + field + "] must be a dense_vector of floats with similarity cosine";
    }

    private float[] scaled(double length) {
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        float[] found = new float[vector.length];
        for (int i = 0; i < found.length; i++) {
            found[i] = (float) (vector[i] * length / Math.sqrt(squares));
        }
        return found;
    }

    /** A field type does not tell its similarity; but cosine alone takes a vector of length 2 and makes it one of length 1. */
    private static boolean isCosine(DenseVectorFieldType type, float[] two) {
        try {
            return type.createExactKnnQuery(VectorData.fromFloats(two), null, AS_STORED) instanceof DenseVectorQuery.Floats query
                && VectorUtil.dotProduct(query.getQuery(), query.getQuery()) < 2f;
        } catch (IllegalArgumentException e) {
            return false; // dot_product
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ScanPart part
            && field.equals(part.field)
            && weight == part.weight
            && Arrays.equals(vector, part.vector);
    }

    @Override
    public int hashCode() {
        return Objects.hash(field, weight, Arrays.hashCode(vector));
    }
}
