// Package brief holds the problem brief: what a product manager hands to an
// architect.
//
// It decides what of the outline becomes evidence, which numbers stand in a
// brief, how the problem is worded around its quotes, and what is missing. It
// never fills a gap: what no record and no person has said is written down as a
// gap with what would mend it. It reads no clock and makes no random id.
package brief
