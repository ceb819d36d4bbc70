// Package vec is the linear algebra under the offline analyst: dense and sparse float32 matrices, a randomised
// singular value decomposition, and exact integer similarities with nearest neighbours.
//
// It decides nothing about text. What it promises is sameness: the same input gives the same bits at any
// GOMAXPROCS, with and without SIMD, on every architecture. Three rules keep that promise:
//
//   - a sum of floats has one order, fixed by the data and never by the number of processors;
//   - every product that is added is first converted explicitly, so that no compiler may fuse the two
//     (https://go.dev/ref/spec#Floating_point_operators), and logarithms are computed here;
//   - a similarity is a dot product of int16 vectors, an exact integer in whatever order it is summed.
//
// The vector kernels use AVX2 where the processor has it; building with the tag purego leaves them out.
// It never keeps state: no globals but constant tables, and every value is safe for concurrent reading.
package vec
