//go:build !amd64 || purego

package vec

func addRowsFrom(dst, base []float32, stride, from int, idx []int32, val []float32) {
	addRowsPlain(dst, base, stride, from, idx, val)
}

func dot8(out *[groups]int32, x, rows []int16) { dot8Plain(out, x, rows) }
