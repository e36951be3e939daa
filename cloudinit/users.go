package cloudinit

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	sshKeys = "ssh_authorized_keys"
	// defaultUser is the entry that stands for the image's own user.
	defaultUser = "default"
)

// homeless are the keys of a user's entry with which cloud-init refuses to create the user once SSH keys are there too.
var homeless = []string{"no_create_home", "system", "ssh_redirect_user", "snapuser"}

// mergeUsers adds our user, but not the default one: who lists users without it does not want it. A user whom the
// bootstrap data lists already keeps all of its values, gets our keys beside its own, and what it has no word for.
func mergeUsers(theirs, ours *yaml.Node) error {
	if linked(theirs) {
		return errUnsafe
	}
	for _, our := range ours.Content {
		if our.Kind != yaml.MappingNode {
			continue
		}
		entries, err := usersNamed(theirs, value(our, "name").Value)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			theirs.Content = append(theirs.Content, our)
			continue
		}
		if err := joinUser(entries, our); err != nil {
			return err
		}
	}
	return nil
}

// usersNamed are all entries of one name: of several, cloud-init takes each key from the first that has it. Names that
// a template has yet to fill in could be any.
func usersNamed(users *yaml.Node, name string) ([]*yaml.Node, error) {
	var named []*yaml.Node
	for _, user := range users.Content {
		given := user
		if user.Kind == yaml.MappingNode {
			given = value(user, "name")
		}
		switch {
		case given == nil:
		case hasTemplateMarks([]byte(given.Value)):
			return nil, errUnsafe
		case user.Kind == yaml.MappingNode && given.Value == name:
			named = append(named, user)
		}
	}
	return named, nil
}

// joinUser puts our keys before those of the entry that has some, and all else that no entry has into the first.
func joinUser(entries []*yaml.Node, our *yaml.Node) error {
	for i := 0; i+1 < len(our.Content); i += 2 {
		key, ours := our.Content[i].Value, our.Content[i+1]
		their := userValue(entries, key)
		switch {
		case key != sshKeys && their != nil:
		case key != sshKeys:
			add(entries[0], key, ours)
		case isHomeless(entries):
			return fmt.Errorf("%w: users: the entry of the user that gets our SSH keys is of one without a home; "+
				"name another user", ErrInvalidBootstrapData)
		case their == nil:
			add(entries[0], key, ours)
		case isNull(their):
			*their = *ours
		case their.Kind == yaml.ScalarNode:
			*their = *list(append(slices.Clone(ours.Content), plainCopy(their))...)
		case their.Kind == yaml.SequenceNode:
			their.Content = slices.Concat(ours.Content, their.Content)
		default:
			return fmt.Errorf("%w: users: %s is not a list, and ours cannot be added to it", ErrInvalidBootstrapData, sshKeys)
		}
	}
	return nil
}

// userValue finds a key in its modern or its older spelling, with dashes, which cloud-init takes for the same.
func userValue(entries []*yaml.Node, key string) *yaml.Node {
	for _, entry := range entries {
		for _, spelling := range []string{key, strings.ReplaceAll(key, "_", "-")} {
			if found := value(entry, spelling); found != nil {
				return found
			}
		}
	}
	return nil
}

func isHomeless(entries []*yaml.Node) bool {
	return slices.ContainsFunc(homeless, func(key string) bool {
		given := userValue(entries, key)
		return given != nil && !isFalse(given)
	})
}

// isFalse knows the words of YAML 1.1, which cloud-init reads; in quotes they are text.
func isFalse(node *yaml.Node) bool {
	quoted := node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	return isNull(node) || node.Kind == yaml.ScalarNode && (node.Value == "" || !quoted &&
		slices.Contains([]string{"0", "false", "no", "off", "n"}, strings.ToLower(node.Value)))
}

// linked tells whether a change below a node could be seen elsewhere, or whether what is there comes from elsewhere: by
// anchors, aliases, merge keys and keys that stand twice.
func linked(node *yaml.Node) bool {
	return node.Kind == yaml.AliasNode || node.Anchor != "" ||
		node.Kind == yaml.MappingNode && duplicateKeys(node) || slices.ContainsFunc(node.Content, linked)
}

func plainCopy(node *yaml.Node) *yaml.Node {
	duplicate := *node
	return &duplicate
}
