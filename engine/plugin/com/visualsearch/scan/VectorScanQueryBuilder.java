package com.visualsearch.scan;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.lucene.search.Query;
import org.elasticsearch.TransportVersion;
import org.elasticsearch.common.ParsingException;
import org.elasticsearch.common.io.stream.StreamInput;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.index.query.AbstractQueryBuilder;
import org.elasticsearch.index.query.MatchNoneQueryBuilder;
import org.elasticsearch.index.query.QueryBuilder;
import org.elasticsearch.index.query.QueryRewriteContext;
import org.elasticsearch.index.query.SearchExecutionContext;
import org.elasticsearch.xcontent.XContentBuilder;
import org.elasticsearch.xcontent.XContentParser;

/**
 * The exact cosine of all documents that pass a filter, scored in blocks:
 *
 * <pre>
 * {"vector_scan": {
 *   "parts": [{"field": FIELD, "query_vector": [NUMBER, ...], "weight": NUMBER}, ...],
 *   "filter": QUERY
 * }}
 * </pre>
 *
 * A document's score is the weighted mean of its cosines + 1.0; documents that lack one of the vectors do not match.
 * {@code weight} may be left out (1), and so may {@code filter}. Fields must be {@code dense_vector} of floats, indexed,
 * of similarity {@code cosine}.
 */
public final class VectorScanQueryBuilder extends AbstractQueryBuilder<VectorScanQueryBuilder> {
    public static final String NAME = "vector_scan";

    private final List<ScanPart> parts;
    private final QueryBuilder filter;

    VectorScanQueryBuilder(List<ScanPart> parts, QueryBuilder filter) {
        this.parts = List.copyOf(parts);
        this.filter = filter;
    }

    public VectorScanQueryBuilder(StreamInput in) throws IOException {
        super(in);
        parts = in.readCollectionAsList(ScanPart::new);
        filter = in.readOptionalNamedWriteable(QueryBuilder.class);
    }

    @Override
    protected void doWriteTo(StreamOutput out) throws IOException {
        out.writeCollection(parts);
        out.writeOptionalNamedWriteable(filter);
    }

    /** Throws ParsingException (status 400) for anything but the form above. */
    public static VectorScanQueryBuilder fromXContent(XContentParser parser) throws IOException {
        List<ScanPart> parts = new ArrayList<>();
        QueryBuilder filter = null;
        float boost = DEFAULT_BOOST;
        String queryName = null;
        for (XContentParser.Token token = parser.nextToken(); token != XContentParser.Token.END_OBJECT; token = parser.nextToken()) {
            String key = parser.currentName();
            parser.nextToken();
            switch (key) {
                case "parts" -> parts.addAll(parseParts(parser));
                case "filter" -> filter = parseInnerQueryBuilder(parser);
                case "boost" -> boost = parser.floatValue();
                case "_name" -> queryName = parser.text();
                default -> throw new ParsingException(
                    parser.getTokenLocation(),
                    "[" + NAME + "] knows no [" + key + "]; it knows parts, filter, boost, _name"
                );
            }
        }
        if (parts.isEmpty()) {
            throw new ParsingException(parser.getTokenLocation(), "[" + NAME + "] needs [parts]: at least one field and query_vector");
        }
        return new VectorScanQueryBuilder(parts, filter).boost(boost).queryName(queryName);
    }

    private static List<ScanPart> parseParts(XContentParser parser) throws IOException {
        List<ScanPart> found = new ArrayList<>();
        if (parser.currentToken() != XContentParser.Token.START_ARRAY) {
            throw new ParsingException(parser.getTokenLocation(), "[" + NAME + "] wants [parts] as a list of objects");
        }
        while (parser.nextToken() != XContentParser.Token.END_ARRAY) {
            found.add(ScanPart.parse(parser));
        }
        return found;
    }

    @Override
    protected void doXContent(XContentBuilder builder, Params params) throws IOException {
        builder.startObject(NAME);
        builder.startArray("parts");
        for (ScanPart part : parts) {
            builder.value(Map.of("field", part.field(), "query_vector", part.vector(), "weight", part.weight()));
        }
        builder.endArray();
        if (filter != null) {
            builder.field("filter", filter);
        }
        boostAndQueryNameToXContent(builder);
        builder.endObject();
    }

    @Override
    protected QueryBuilder doRewrite(QueryRewriteContext context) throws IOException {
        QueryBuilder simpler = filter == null ? null : filter.rewrite(context);
        if (simpler instanceof MatchNoneQueryBuilder) {
            return simpler;
        }
        return simpler == filter ? this : new VectorScanQueryBuilder(parts, simpler).boost(boost).queryName(queryName);
    }

    /** Throws IllegalArgumentException (status 400) where a field or a vector does not serve. */
    @Override
    protected Query doToQuery(SearchExecutionContext context) throws IOException {
        double total = parts.stream().mapToDouble(ScanPart::weight).sum();
        List<VectorScanQuery.Part> bound = new ArrayList<>(parts.size());
        for (ScanPart part : parts) {
            bound.add(part.bind(context, total));
        }
        return new VectorScanQuery(bound, filter == null ? null : filter.toQuery(context));
    }

    @Override
    protected boolean doEquals(VectorScanQueryBuilder other) {
        return parts.equals(other.parts) && Objects.equals(filter, other.filter);
    }

    @Override
    protected int doHashCode() {
        return Objects.hash(parts, filter);
    }

    @Override
    public String getWriteableName() {
        return NAME;
    }

    @Override
    public TransportVersion getMinimalSupportedVersion() {
        return TransportVersion.minimumCompatible();
    }
}
