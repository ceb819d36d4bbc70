package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What an attestation gate may say. There is no weaker form: who wrote a draft
// does not vouch for it, and a word about other bytes is no word about these.
const (
	NotByAuthor = "author"
	BindsDigest = "draft.digest"
)

// Attestation is a person's signed word that what a gate asks for is so. It is
// bound to the bytes the person saw: a new revision of the draft voids it.
type Attestation struct {
	Gate   string    `json:"gate"`   // id of the gate it answers
	By     string    `json:"by"`     // principal: "person:..."; nobody else attests
	Roles  []string  `json:"roles"`  // the roles that person held then: "architect", or "role:architect"
	Digest string    `json:"digest"` // "sha256:..." of the revision attested
	At     time.Time `json:"at"`
}

// RoleOf returns the role that a gate's by names: "architect" of
// "role:architect". It is "" when by is of another form.
func RoleOf(by string) string {
	if m := roleForm.FindStringSubmatch(by); m != nil {
		return m[1]
	}
	return ""
}

var roleForm = regexp.MustCompile(`^role:([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$`)

// attestation compiles a gate that a person answers.
func attestation(s Spec) (*Gate, error) {
	role := RoleOf(s.By)
	switch {
	case role == "":
		return nil, wrong("by", "by is %q; name who attests, as by: role:portfolio-owner", s.By)
	case s.NotBy != NotByAuthor:
		return nil, wrong("not_by", "not_by is %q; write not_by: %s, because who wrote a draft cannot attest it", s.NotBy, NotByAuthor)
	case s.Binds != BindsDigest:
		return nil, wrong("binds", "binds is %q; write binds: %s, so that a new revision asks again", s.Binds, BindsDigest)
	}
	return &Gate{check: func(_ context.Context, in *Input) Outcome {
		digest := in.digest()
		if in.Digest != "" && in.Digest != digest {
			return Outcome{Err: fmt.Errorf("the draft's bytes are %s, not %s as it is called", short(digest), short(in.Digest))}
		}
		var not []string
		for _, a := range in.Attestations {
			if a.Gate != s.ID {
				continue
			}
			why := a.void(role, digest, in.Author)
			if why == "" {
				return Outcome{}
			}
			not = append(not, why)
		}
		o := Outcome{Waiting: true}
		if len(not) == 0 {
			o.add("", "no %s has attested this revision", role)
		}
		for _, why := range not {
			o.add("", "%s", why)
		}
		return o
	}}, nil
}

// void says why the attestation does not count for these bytes; "" when it does.
func (a Attestation) void(role, digest string, author []string) string {
	switch {
	case !strings.HasPrefix(a.By, "person:"):
		return fmt.Sprintf("%s attested; only a person can", a.By)
	case a.Digest != digest:
		return fmt.Sprintf("%s attested the revision %s, this one is %s", a.By, short(a.Digest), short(digest))
	case slices.Contains(author, a.By):
		return fmt.Sprintf("%s attested and is one of its authors; somebody else has to", a.By)
	case !slices.Contains(a.Roles, role) && !slices.Contains(a.Roles, "role:"+role):
		return fmt.Sprintf("%s attested as %s; a %s has to", a.By, held(a.Roles), role)
	}
	return ""
}

func held(roles []string) string {
	if len(roles) == 0 {
		return "nobody in particular"
	}
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = strings.TrimPrefix(r, "role:")
	}
	return strings.Join(out, " and ")
}

// short keeps a digest readable.
func short(digest string) string {
	const most = len("sha256:") + 12
	if len(digest) > most {
		return digest[:most]
	}
	return digest
}

// digest returns "sha256:..." of the body, computed once.
func (in *Input) digest() string {
	if in.Erased {
		return in.Digest // a person attested them whole
	}
	if in.sum == "" {
		sum := sha256.Sum256(in.Body)
		in.sum = "sha256:" + hex.EncodeToString(sum[:])
	}
	return in.sum
}
