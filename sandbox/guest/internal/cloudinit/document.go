package cloudinit

import (
	"slices"
	"strings"
)

// Instance is what the datasource tells cloud-init about the machine.
type Instance struct {
	// ID is the instance-id; cloud-init runs again when it changes.
	ID string
	// Hostname is the local-hostname.
	Hostname string
}

// Document is what a machine's user-data amounts to.
type Document struct {
	// Hostname to set; empty when the document leaves it to the datasource.
	Hostname string
	// Packages to install, in order.
	Packages []string
	// Files to write, in order: a later one with the same path wins.
	Files []File
	// Commands to run at the first boot, one shell text each, in order.
	Commands []string
}

// File is one entry of write_files, decoded.
type File struct {
	// Path is absolute.
	Path string
	// Content may hold credentials.
	Content []byte
	// Permissions are the mode bits; 0 when not given.
	Permissions uint32
	// Append adds the content to a file that exists.
	Append bool
}

// Parse decodes, renders and merges user-data: a cloud-config, with a jinja
// header or not, a shell script, a MIME multipart of these, or any of them
// gzipped. Empty user-data is an empty document. Errors match ErrMalformed.
func Parse(userData []byte, instance Instance) (Document, error) {
	parts, err := split(userData)
	if err != nil {
		return Document{}, err
	}
	merged := map[string]any{}
	var scripts []string
	for _, part := range parts {
		text := part.body
		if part.jinja {
			text = render(text, instance)
		}
		if part.script {
			scripts = append(scripts, string(text))
			continue
		}
		if err := mergePart(merged, text, part.mergeHow); err != nil {
			return Document{}, err
		}
	}
	document, err := read(merged)
	// Scripts run after runcmd, which cloud-init turns into a script as well.
	document.Commands = append(document.Commands, scripts...)
	return document, err
}

// read takes the keys that matter to a guest out of a merged cloud-config.
func read(config map[string]any) (Document, error) {
	document := Document{Hostname: text(config["hostname"])}
	if document.Hostname == "" {
		document.Hostname, _, _ = strings.Cut(text(config["fqdn"]), ".")
	}
	for _, entry := range list(config["packages"]) {
		// An entry is a name, or a pair of name and version.
		if pair := list(entry); len(pair) > 0 {
			entry = pair[0]
		}
		document.Packages = append(document.Packages, text(entry))
	}
	for _, entry := range list(config["runcmd"]) {
		document.Commands = append(document.Commands, command(entry))
	}
	files, err := readFiles(config["write_files"])
	document.Files = files
	return document, err
}

// command turns a runcmd entry, a shell text or an argument list, into a text.
func command(entry any) string {
	arguments := list(entry)
	if arguments == nil {
		return text(entry)
	}
	words := make([]string, 0, len(arguments))
	for _, argument := range arguments {
		words = append(words, text(argument))
	}
	return strings.Join(words, " ")
}

// Installs reports whether the machine installs a package of that name, or
// names it in a command.
func (d Document) Installs(name string) bool {
	return slices.Contains(d.Packages, name) ||
		slices.ContainsFunc(d.Commands, func(c string) bool { return strings.Contains(c, name) })
}
