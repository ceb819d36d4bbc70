package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"roleos/internal/report/look"
	"roleos/internal/report/page"
)

//go:embed assets
var assets embed.FS

// files are the style and the scripts, under a path that names their digest.
type files struct {
	base  string // /static/DIGEST/
	named map[string][]byte
}

func newFiles() files {
	f := files{named: map[string][]byte{"look.js": []byte(look.Script())}}
	var own []byte
	entries, _ := assets.ReadDir("assets") // embedded: it is there
	for _, e := range entries {
		body, _ := assets.ReadFile("assets/" + e.Name())
		switch path.Ext(e.Name()) {
		case ".css":
			own = append(own, body...)
		case ".js", ".svg":
			f.named[e.Name()] = body
		}
	}
	f.named["console.css"] = slices.Concat([]byte(look.Style()), []byte(page.Style()), own)
	names := make([]string, 0, len(f.named))
	for n := range f.named {
		names = append(names, n)
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, n := range names {
		sum.Write([]byte(n))
		sum.Write(f.named[n])
	}
	f.base = "/static/" + hex.EncodeToString(sum.Sum(nil))[:16] + "/"
	return f
}

func (f files) serve(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, f.base)
	body, there := f.named[name]
	if !ok || !there {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}[path.Ext(name)])
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}
