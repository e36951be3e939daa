package cloudinit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestATemplateThatJinjaCannotReadIsRefused(t *testing.T) {
	const header = "## template: jinja\n#cloud-config\n"
	file := func(line string) string {
		return header + "write_files:\n- path: /usr/local/bin/check\n  content: |\n    #!/bin/bash\n    " + line + "\n"
	}
	for name, c := range map[string]struct {
		data, problem string
	}{
		"nothing of Jinja":                  {file("exit 1"), ""},
		"an expression":                     {file("echo {{ ds.meta_data.local_hostname }}"), ""},
		"a comment that ends":               {file("echo {# for the guest #}"), ""},
		"marks of a comment in expressions": {file(`echo {{ "{#" }} {{- "x" -}}`), ""},
		"a statement":                       {file("{% if a %}echo{% endif %}"), ""},
		"raw text":                          {file("{% raw %}${#names[@]}{% endraw %}"), ""},
		"raw text without spaces":           {file("{%- raw -%}{{.state}}{%- endraw -%}"), ""},
		"bash asks for a length":            {file(`[ "${#names[@]}" -gt 0 ]`), "line 7: a comment of Jinja begins with {# and does not end with #}; give the file that holds it with encoding base64"},
		"a Go template":                     {file("crictl ps -o '{{.state}}'"), "line 7: an expression of Jinja cannot begin with a dot"},
		"a Go template that trims":          {file("crictl ps -o '{{- .state }}'"), "line 7: an expression of Jinja cannot begin with a dot"},
		"an expression without an end":      {file("echo {{ a"), "line 7: an expression of Jinja begins with {{ and does not end with }}"},
		"a statement without an end":        {file("echo {% a"), "line 7: a statement of Jinja begins with {% and does not end with %}"},
		"no template":                       {"#cloud-config\nruncmd: ['echo ${#names[@]}']\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := verifyRead([]byte(c.data))
			if c.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrInvalidBootstrapData)
			require.ErrorContains(t, err, c.problem)
			assert.NotContains(t, err.Error(), "names", "bootstrap data in an error")
		})
	}
}

// It ends for every text, and never speaks of a text without marks.
func TestDelimitersOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"{#", "#}", "{{", "}}", "{%", "%}", "raw", ".", "a", "\n", "{", "}"})).Draw(t, "parts")
		var text []byte
		marks := false
		for _, part := range parts {
			text = append(text, part...)
		}
		for _, d := range delimiters {
			marks = marks || containsAny(text, [][]byte{[]byte(d.begin)})
		}
		if err := verifyDelimiters(text); !marks {
			require.NoError(t, err)
		}
	})
}
