package names

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxLabel is the longest DNS label, and the longest value of a Kubernetes label.
const maxLabel = 63

// hashLength is how many hex digits of a SHA-256 stand for what was cut off a name.
const hashLength = 8

// dnsLabel turns text into an RFC 1035 label of at most 63 characters. A name that is one already stays as it is; any
// other gets a hash of the whole text at its end, so that two different texts never share a label by being cut.
func dnsLabel(text string) string {
	clean := cleaned(text)
	if clean == text && len(clean) <= maxLabel {
		return clean
	}
	return cut(clean, text)
}

// withID turns text into an RFC 1035 label that ends with an id, which is kept whole however long the text is. Two ids never
// share a label.
func withID(text, id string) string {
	return shortened(cleaned(text), "-"+id)
}

// cleaned replaces what an RFC 1035 label may not hold; the result may be too long.
func cleaned(text string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '-'
		}
	}, text)
	if !startsWithLetter(clean) {
		clean = "a" + clean
	}
	return strings.TrimRight(clean, "-")
}

// labelValue keeps text that fits into a label value, and cuts what is longer as dnsLabel does.
func labelValue(text string) string {
	if len(text) <= maxLabel {
		return text
	}
	return cut(text, text)
}

// cut shortens clean so that a hash of the whole text fits behind it.
func cut(clean, text string) string {
	sum := sha256.Sum256([]byte(text))
	return shortened(clean, "-"+hex.EncodeToString(sum[:])[:hashLength])
}

// shortened makes room for a suffix, and adds it.
func shortened(clean, suffix string) string {
	if len(clean) > maxLabel-len(suffix) {
		clean = strings.TrimRight(clean[:maxLabel-len(suffix)], "-._")
	}
	return clean + suffix
}

func startsWithLetter(text string) bool {
	return text != "" && text[0] >= 'a' && text[0] <= 'z'
}
