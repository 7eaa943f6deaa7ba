package com.visualsearch.scan;

import java.io.IOException;

/** Dot products between one query vector and stored vectors of one segment. One thread, one instance. */
abstract class Dots {
    /** Adds to {@code sums[i]} the dot product with the vector at {@code ords[i]}; ordinals ascend from call to call. */
    abstract void add(int[] ords, int count, float[] sums) throws IOException;
}
