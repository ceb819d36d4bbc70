//go:build amd64 && !purego

#include "textflag.h"

// Products and sums stay separate instructions on purpose: a fused one rounds differently.

#define STEP(off, acc) \
	VMULPS off(SI)(AX*1), Y8, Y9 \
	VADDPS Y9, acc, acc

// func addRows64(dst, base *float32, strideBytes int, idx *int32, val *float32, n int)
TEXT ·addRows64(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ base+8(FP), SI
	MOVQ strideBytes+16(FP), DX
	MOVQ idx+24(FP), R8
	MOVQ val+32(FP), R9
	MOVQ n+40(FP), CX
	VMOVUPS 0(DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	VMOVUPS 128(DI), Y4
	VMOVUPS 160(DI), Y5
	VMOVUPS 192(DI), Y6
	VMOVUPS 224(DI), Y7

loop64:
	MOVLQSX (R8), AX
	IMULQ DX, AX
	VBROADCASTSS (R9), Y8
	STEP(0, Y0)
	STEP(32, Y1)
	STEP(64, Y2)
	STEP(96, Y3)
	STEP(128, Y4)
	STEP(160, Y5)
	STEP(192, Y6)
	STEP(224, Y7)
	ADDQ $4, R8
	ADDQ $4, R9
	DECQ CX
	JNZ  loop64

	VMOVUPS Y0, 0(DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VMOVUPS Y4, 128(DI)
	VMOVUPS Y5, 160(DI)
	VMOVUPS Y6, 192(DI)
	VMOVUPS Y7, 224(DI)
	VZEROUPPER
	RET

// func addRows8(dst, base *float32, strideBytes int, idx *int32, val *float32, n int)
TEXT ·addRows8(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ base+8(FP), SI
	MOVQ strideBytes+16(FP), DX
	MOVQ idx+24(FP), R8
	MOVQ val+32(FP), R9
	MOVQ n+40(FP), CX
	VMOVUPS (DI), Y0

loop8:
	MOVLQSX (R8), AX
	IMULQ DX, AX
	VBROADCASTSS (R9), Y8
	STEP(0, Y0)
	ADDQ $4, R8
	ADDQ $4, R9
	DECQ CX
	JNZ  loop8

	VMOVUPS Y0, (DI)
	VZEROUPPER
	RET

#define MADD(addr, acc) \
	VPMADDWD addr, Y8, Y9 \
	VPADDD Y9, acc, acc

// func dot8AVX2(out *int32, x, rows *int16, n int)
// n, the number of elements of x and of each of the eight rows, is a positive multiple of 16.
TEXT ·dot8AVX2(SB), NOSPLIT, $0-32
	MOVQ out+0(FP), R8
	MOVQ x+8(FP), SI
	MOVQ rows+16(FP), DI
	MOVQ n+24(FP), CX
	LEAQ (CX)(CX*1), DX
	LEAQ (DX)(DX*2), R10
	LEAQ (DI)(DX*4), R9
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7

loopdot:
	VMOVDQU (SI), Y8
	MADD((DI), Y0)
	MADD((DI)(DX*1), Y1)
	MADD((DI)(DX*2), Y2)
	MADD((DI)(R10*1), Y3)
	MADD((R9), Y4)
	MADD((R9)(DX*1), Y5)
	MADD((R9)(DX*2), Y6)
	MADD((R9)(R10*1), Y7)
	ADDQ $32, SI
	ADDQ $32, DI
	ADDQ $32, R9
	SUBQ $16, CX
	JNZ  loopdot

	VPHADDD Y1, Y0, Y0
	VPHADDD Y3, Y2, Y2
	VPHADDD Y2, Y0, Y0
	VPHADDD Y5, Y4, Y4
	VPHADDD Y7, Y6, Y6
	VPHADDD Y6, Y4, Y4
	VEXTRACTI128 $1, Y0, X1
	VEXTRACTI128 $1, Y4, X5
	VPADDD X1, X0, X0
	VPADDD X5, X4, X4
	VMOVDQU X0, (R8)
	VMOVDQU X4, 16(R8)
	VZEROUPPER
	RET
