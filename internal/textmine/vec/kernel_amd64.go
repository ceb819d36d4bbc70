//go:build amd64 && !purego

package vec

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

// addRowsFrom adds val[k] times the elements from, from+1, ... of row idx[k] of base to dst.
func addRowsFrom(dst, base []float32, stride, from int, idx []int32, val []float32) {
	if !hasAVX2 || len(idx) == 0 {
		addRowsPlain(dst, base, stride, from, idx, val)
		return
	}
	for _, r := range idx { // the assembly reads without looking
		_ = base[int(r)*stride+from:][:len(dst)]
	}
	val = val[:len(idx)]
	j := 0
	for ; j+64 <= len(dst); j += 64 {
		addRows64(&dst[j], &base[from+j], stride*4, &idx[0], &val[0], len(idx))
	}
	for ; j+8 <= len(dst); j += 8 {
		addRows8(&dst[j], &base[from+j], stride*4, &idx[0], &val[0], len(idx))
	}
	if j < len(dst) {
		addRowsPlain(dst[j:], base, stride, from+j, idx, val)
	}
}

func dot8(out *[groups]int32, x, rows []int16) {
	if !hasAVX2 || len(x)%lanes != 0 {
		dot8Plain(out, x, rows)
		return
	}
	_ = rows[groups*len(x)-1]
	dot8AVX2(&out[0], &x[0], &rows[0], len(x))
}

//go:noescape
func addRows64(dst, base *float32, strideBytes int, idx *int32, val *float32, n int)

//go:noescape
func addRows8(dst, base *float32, strideBytes int, idx *int32, val *float32, n int)

//go:noescape
func dot8AVX2(out *int32, x, rows *int16, n int)
