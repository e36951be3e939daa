package settings

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// The functions below check one value each: "" means that it is right, else the text follows the flag's name.

func required(value, remedy string) string {
	if strings.TrimSpace(value) == "" {
		return "is required: " + remedy
	}
	return ""
}

func optional(value string, check func(string) string) string {
	if value == "" {
		return ""
	}
	return check(value)
}

// reference validates "namespace/name" or "name". The name of an image may be what the dashboard shows, and so anything.
func reference(value, remedy string, strictName bool) string {
	if text := required(value, remedy); text != "" {
		return text
	}
	namespace, name, qualified := strings.Cut(value, "/")
	if !qualified {
		namespace, name = "default", value
	}
	valid := label(namespace) == "" && name != "" && !strings.Contains(name, "/") && strings.TrimSpace(name) == name
	if !valid || strictName && objectName(name) != "" {
		return fmt.Sprintf("%q is not of the form namespace/name", value)
	}
	return ""
}

func label(value string) string {
	if len(validation.IsDNS1123Label(value)) > 0 {
		return fmt.Sprintf("%q is not a name of at most 63 lower-case letters, digits and dashes", value)
	}
	return ""
}

func objectName(value string) string {
	if len(validation.IsDNS1123Subdomain(value)) > 0 {
		return fmt.Sprintf("%q is not an object's name: use lower-case letters, digits, dashes and dots", value)
	}
	return ""
}

func atLeast(value, least int) string {
	if value < least {
		return fmt.Sprintf("is %d; give at least %d", value, least)
	}
	return ""
}

// quantityPattern is the ClusterClass's.
var quantityPattern = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`)

func quantity(value, example string) string {
	parsed, err := resource.ParseQuantity(value)
	if err != nil || parsed.Sign() <= 0 || !quantityPattern.MatchString(value) {
		return fmt.Sprintf("%q is not a size, such as %s", value, example)
	}
	return ""
}

func memory(value string) string {
	const megabytes = 256 // Fewer are gigabytes: no machine has less memory.
	if number, err := strconv.Atoi(value); err == nil && number >= megabytes {
		return sized(value, "8Gi", "Mi")
	}
	return sized(value, "8Gi", "Gi")
}

func diskSize(value string) string { return sized(value, "80Gi", "Gi") }

// sized validates a size, and takes a number of a few bytes for one whose unit was forgotten.
func sized(value, example, unit string) string {
	if text := quantity(value, example); text != "" {
		return text
	}
	const least = 1 << 20
	if parsed := resource.MustParse(value); parsed.Value() < least {
		number := strings.TrimRight(value, "kKMGTPEi")
		return fmt.Sprintf("%q is %d bytes: name the unit, such as %s%s", value, parsed.Value(), number, unit)
	}
	return ""
}

// distinct validates a list whose values may not repeat.
func distinct(values []string, check func(string) string) string {
	for i, value := range values {
		if text := check(value); text != "" {
			return text
		}
		if slices.Contains(values[:i], value) {
			return fmt.Sprintf("names %q twice: leave one out", value)
		}
	}
	return ""
}

func duration(value string) string {
	if parsed, err := time.ParseDuration(value); err != nil || parsed <= 0 {
		return fmt.Sprintf("%q is not a duration, such as 20m or 1h30m", value)
	}
	return ""
}

var sharePattern = regexp.MustCompile(`^([0-9]|[1-9][0-9]{1,4})$|^([0-9]|[1-9][0-9]|100)%$`)

// share validates a number of machines or a percentage of them.
func share(value string) string {
	if !sharePattern.MatchString(value) {
		return fmt.Sprintf("%q is neither a number of machines nor a percentage, such as 2 or 34%%", value)
	}
	return ""
}

func oneOf(value string, choices ...string) string {
	if !slices.Contains(choices, value) {
		return fmt.Sprintf("%q is none of %s", value, strings.Join(choices, ", "))
	}
	return ""
}

func address(value string) string {
	if parsed, err := netip.ParseAddr(value); err != nil || parsed.Zone() != "" {
		return fmt.Sprintf("%q is not an IP address", value)
	}
	return ""
}

func subnet(value string) string {
	prefix, err := netip.ParsePrefix(value)
	if err != nil || prefix != prefix.Masked() {
		return fmt.Sprintf("%q is not an address range in CIDR form, such as 10.42.0.0/16", value)
	}
	return ""
}

// subnets validates one range, or one of each family.
func subnets(values []string) string {
	for _, value := range values {
		if text := subnet(value); text != "" {
			return text
		}
	}
	switch {
	case len(values) == 1:
		return ""
	case len(values) == 2 && netip.MustParsePrefix(values[0]).Addr().Is4() != netip.MustParsePrefix(values[1]).Addr().Is4():
		return ""
	}
	return fmt.Sprintf("%q is neither one range nor one of IPv4 and one of IPv6", strings.Join(values, ","))
}

// contiguous tells whether a mask is ones and then zeros, and neither all of the one nor of the other.
func contiguous(mask netip.Addr) bool {
	ones := true
	for _, b := range mask.AsSlice() {
		for bit := 7; bit >= 0; bit-- {
			set := b>>bit&1 == 1
			if set && !ones {
				return false
			}
			ones = set
		}
	}
	return mask.AsSlice()[0] != 0
}
