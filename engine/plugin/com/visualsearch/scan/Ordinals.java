package com.visualsearch.scan;

import java.io.IOException;
import org.apache.lucene.codecs.lucene95.OffHeapFloatVectorValues;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.search.DocIdSetIterator;

/** Which document has the vector at which place; asked in ascending order. */
abstract class Ordinals {
    static final int END = DocIdSetIterator.NO_MORE_DOCS;

    /** The place of the first vector that belongs to this document or a later one, or END. */
    abstract int from(int doc) throws IOException;

    /** The place behind this one, or END. */
    abstract int next(int ord) throws IOException;

    abstract int docOf(int ord);

    /** The place of this document's vector, or -1. */
    final int of(int doc) throws IOException {
        int ord = from(doc);
        return ord != END && docOf(ord) == doc ? ord : -1;
    }

    static Ordinals of(OffHeapFloatVectorValues values, int docs) {
        return values.size() == docs ? new Dense(docs) : new Sparse(values);
    }

    /** For codecs that give vectors only by document: the document's number serves as the place. */
    static Ordinals of(FloatVectorValues values) {
        return new ByDoc(values);
    }

    private static final class Dense extends Ordinals {
        private final int size;

        Dense(int size) {
            this.size = size;
        }

        @Override
        int from(int doc) {
            return doc < size ? doc : END;
        }

        @Override
        int next(int ord) {
            return ord + 1 < size ? ord + 1 : END;
        }

        @Override
        int docOf(int ord) {
            return ord;
        }
    }

    private static final class Sparse extends Ordinals {
        private final OffHeapFloatVectorValues values;
        private final int size;
        private int last = 0; // every vector before it belongs to a document before the last one asked for

        Sparse(OffHeapFloatVectorValues values) {
            this.values = values;
            this.size = values.size();
        }

        /** A gallop from the last place, then halves: near jumps are cheap and far ones are possible. */
        @Override
        int from(int doc) {
            int low = last;
            int high = last;
            for (int step = 1; high < size && values.ordToDoc(high) < doc; step <<= 1) {
                low = high + 1;
                high = Math.min(size, high + step); // step stays below 2 * size
            }
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (values.ordToDoc(middle) < doc) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            last = low;
            return low < size ? low : END;
        }

        @Override
        int next(int ord) {
            return ord + 1 < size ? ord + 1 : END;
        }

        @Override
        int docOf(int ord) {
            return values.ordToDoc(ord);
        }
    }

    private static final class ByDoc extends Ordinals {
        private final FloatVectorValues values;

        ByDoc(FloatVectorValues values) {
            this.values = values;
        }

        @Override
        int from(int doc) throws IOException {
            return values.docID() < doc ? values.advance(doc) : values.docID();
        }

        @Override
        int next(int ord) throws IOException {
            return from(ord + 1);
        }

        @Override
        int docOf(int ord) {
            return ord;
        }
    }
}
