// Package archtest holds the house to its plan.
//
// Its tests decide which package may import which, where outside libraries may
// be used, what stands at the top level, and how large a file and a package may
// grow. It holds no code for others and never runs in the product.
package archtest
