package guardrails

import "fmt"

// Class is what an operation does to the world. Classes are ordered: a larger
// one is worse. The zero value is Unknown, which is worst and always refused.
type Class uint8

// The classes. Where operations are chained, the worst one names the chain.
const (
	Unknown Class = iota // no manifest of ours says what it does
	Read                 // changes nothing
	Create               // adds an object
	Update               // replaces an object
	Delete               // removes an object
	Send                 // leaves our reach: a mail, a call, a publication
)

// String returns the class's stable lower-case name.
func (c Class) String() string {
	switch c {
	case Read:
		return "read"
	case Create:
		return "create"
	case Update:
		return "update"
	case Delete:
		return "delete"
	case Send:
		return "send"
	case Unknown:
		return "unknown"
	default:
		return "unknown"
	}
}

// Destructive reports whether a person has to type the target's name: the class
// removes something, cannot be called back, or is not known.
func (c Class) Destructive() bool { return c == Delete || c == Send || !c.known() }

// known reports whether c is one of the named classes other than Unknown.
func (c Class) known() bool { return c >= Read && c <= Send }

// MarshalText writes the class's name.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a class's name and refuses every other text.
func (c *Class) UnmarshalText(text []byte) error {
	for k := Unknown; k <= Send; k++ {
		if k.String() == string(text) {
			*c = k
			return nil
		}
	}
	return fmt.Errorf("%q is no effect class: read, create, update, delete, send, unknown", text)
}

// Worst returns the worst of the classes; Unknown when there is none.
func Worst(classes ...Class) Class {
	var worst Class
	for i, c := range classes {
		if !c.known() {
			return Unknown
		}
		if i == 0 || c > worst {
			worst = c
		}
	}
	return worst
}
