// Package github is the tracker "issues of one GitHub repository" over REST,
// https://docs.github.com/rest/issues/issues.
//
// It decides how GitHub says "not now" and how its pages follow one another. It
// lists issues instead of searching: the search index lags behind. Pages that it
// has seen are asked for with their ETag, which costs none of the rate limit
// (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api).
// It never decides which issue is meant.
package github
