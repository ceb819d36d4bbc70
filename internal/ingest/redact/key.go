package redact

import (
	"math"
	"strings"
)

// prefix is how a provider's keys start and how long they are at least.
type prefix struct {
	start string
	least int
}

// prefixes by provider documentation; the ones that GitHub's and GitLab's secret scanning publish.
// https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
var prefixes = []prefix{
	{"sk-", 20},
	{"sk_live_", 16},
	{"sk_test_", 16},
	{"pk_live_", 16},
	{"pk_test_", 16},
	{"rk_live_", 16},
	{"rk_test_", 16},
	{"whsec_", 20},
	{"ghp_", 30},
	{"gho_", 30},
	{"ghu_", 30},
	{"ghs_", 30},
	{"ghr_", 30},
	{"github_pat_", 30},
	{"glpat-", 20},
	{"xoxb-", 15},
	{"xoxp-", 15},
	{"xoxa-", 15},
	{"xoxr-", 15},
	{"xoxs-", 15},
	{"xapp-", 15},
	{"AIza", 35},
	{"SG.", 30},
	{"npm_", 30},
	{"hf_", 25},
	{"ya29.", 20},
	{"dop_v1_", 30},
	{"shpat_", 30},
	{"lin_api_", 20},
	{"ATATT", 30},
	{"pypi-", 30},
}

// labels in front of a secret, lower case.
var secretLabels = []string{
	"api key", "api_key", "api-key", "apikey", "access key", "access_key", "secret", "token", "password", "passwort", "passwd", "pwd",
	"mot de passe", "contraseña", "bearer",
}

func (f *finder) keys() {
	f.privateKeys()
	s := f.text
	for i := 0; i < len(s); {
		if !isToken(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && isToken(s[i]) {
			i++
		}
		end := i
		for end > start && strings.IndexByte(".-=:", s[end-1]) >= 0 && s[end-1] != '=' {
			end--
		}
		if end-start < 8 {
			continue
		}
		f.token(start, end)
	}
}

func isToken(c byte) bool {
	return isAlnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' || c == '=' || c == '~'
}

// token masks s[start:end] when it is a key. A token may carry its label: "api_key=abc".
func (f *finder) token(start, end int) {
	s := f.text
	if eq := strings.LastIndexByte(s[start:end], '='); eq > 0 && start+eq+8 <= end-1 {
		start += eq + 1
	}
	t := s[start:end]
	for _, p := range prefixes {
		if strings.HasPrefix(t, p.start) && len(t) >= p.least && mixed(t[len(p.start):]) {
			f.add(start, end, Key)
			return
		}
	}
	switch {
	case len(t) == 20 && (strings.HasPrefix(t, "AKIA") || strings.HasPrefix(t, "ASIA")) && strings.ToUpper(t) == t:
		f.add(start, end, Key)
	case len(t) >= 30 && strings.HasPrefix(t, "eyJ") && strings.Count(t, ".") == 2:
		f.add(start, end, Key)
	case len(t) >= 8 && mixed(t) && f.labelled(start) && !strings.Contains(t, "://"):
		f.add(start, end, Key)
	}
}

// labelled reports whether the words before i say that a secret follows.
func (f *finder) labelled(i int) bool {
	before := strings.ToLower(f.text[max(0, i-32):i])
	trimmed := strings.TrimRight(before, ` "'`+"`")
	assigned := strings.HasSuffix(trimmed, ":") || strings.HasSuffix(trimmed, "=")
	trimmed = strings.TrimRight(trimmed, ` :="'`)
	if !assigned {
		is := strings.TrimSuffix(strings.TrimSuffix(trimmed, " is"), " ist")
		if is == trimmed && !strings.HasSuffix(trimmed, "bearer") {
			return false
		}
		trimmed = is
	}
	for _, l := range secretLabels {
		if strings.HasSuffix(trimmed, l) {
			return true
		}
	}
	return false
}

// mixed reports whether t looks random: letters and digits, and few repetitions
// (Shannon entropy of at least 2.5 bits a character).
func mixed(t string) bool {
	digits, letters := 0, 0
	for i := range len(t) {
		if isDigit(t[i]) {
			digits++
		} else if isAlpha(t[i]) {
			letters++
		}
	}
	if digits == 0 || letters == 0 {
		return false
	}
	var count [256]int
	for i := range len(t) {
		count[t[i]]++
	}
	h := 0.0
	for _, c := range count {
		if c > 0 {
			p := float64(c) / float64(len(t))
			h -= p * math.Log2(p)
		}
	}
	return h >= 2.5
}

// privateKeys masks PEM blocks, an unfinished one to the end of the text.
func (f *finder) privateKeys() {
	for i := 0; ; {
		j := strings.Index(f.text[i:], "-----BEGIN ")
		if j < 0 {
			return
		}
		start := i + j
		head := f.text[start:min(len(f.text), start+60)]
		i = start + 11
		if !strings.Contains(head, "PRIVATE KEY") {
			continue
		}
		end := len(f.text)
		if k := strings.Index(f.text[start:], "-----END "); k >= 0 {
			end = start + k + 9
			if m := strings.Index(f.text[end:], "-----"); m >= 0 && m < 40 {
				end += m + 5
			}
		}
		f.add(start, end, Key)
		i = end
	}
}
