package vec

// addRows adds val[k] times row idx[k] of base, whose rows are as long as dst, to dst.
func addRows(dst, base []float32, idx []int32, val []float32) {
	addRowsFrom(dst, base, len(dst), 0, idx, val)
}

// addRowsPlain is the kernel every other one must equal bit for bit: for each element of dst, the products are added
// one after the other in the order of idx.
func addRowsPlain(dst, base []float32, stride, from int, idx []int32, val []float32) {
	for k, r := range idx {
		v := val[k]
		row := base[int(r)*stride+from:][:len(dst)]
		for j, x := range row {
			dst[j] += float32(v * x)
		}
	}
}

func dot8Plain(out *[groups]int32, x, rows []int16) {
	for r := range out {
		out[r] = DotInt16(x, rows[r*len(x):(r+1)*len(x)])
	}
}
