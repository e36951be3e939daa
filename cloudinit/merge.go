package cloudinit

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// errUnsafe says that two mappings cannot be merged without changing what the bootstrap data means. The caller then
// leaves the merging to cloud-init.
var errUnsafe = errors.New("unsafe to merge")

// mergeInto puts our keys into the bootstrap data's mapping, in place. The bootstrap data's keys keep their order and
// place, since an alias must stay behind its anchor; new keys follow. Single values of the bootstrap data stay as they
// are. An error is errUnsafe or ErrInvalidBootstrapData.
func mergeInto(bootstrap, ours *yaml.Node) error {
	if duplicateKeys(bootstrap) {
		return errUnsafe
	}
	for i := 0; i+1 < len(ours.Content); i += 2 {
		key, our := ours.Content[i], ours.Content[i+1]
		their := value(bootstrap, key.Value)
		switch {
		case their == nil:
			bootstrap.Content = append(bootstrap.Content, key, our)
		case isNull(their):
			*their = *our
		case our.Kind != yaml.SequenceNode:
		case their.Kind == yaml.AliasNode || their.Anchor != "":
			return errUnsafe
		case their.Kind != yaml.SequenceNode:
			return fmt.Errorf("%w: %s is not a list, and ours cannot be added to it", ErrInvalidBootstrapData, key.Value)
		case key.Value == "users":
			if err := mergeUsers(their, our); err != nil {
				return err
			}
		default:
			their.Content = slices.Concat(our.Content, their.Content)
		}
	}
	return nil
}

// duplicateKeys looks at one mapping: a reader that takes the last of two and a merge that takes the first would disagree.
// A merge key may bring in names as well.
func duplicateKeys(node *yaml.Node) bool {
	seen := make(map[string]bool)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || seen[key.Value] || key.ShortTag() == "!!merge" {
			return true
		}
		seen[key.Value] = true
	}
	return false
}
