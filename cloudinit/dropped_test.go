package cloudinit

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const header = "## template: jinja\n#cloud-config\n"

// checksum is how RKE2's provider writes the check of an air-gap checksum: a list begins where a command is meant.
const checksum = "runcmd:\n  - 'INSTALL_RKE2_ARTIFACT_PATH=/opt sh install.sh'\n" +
	"  - [[ $(sha256sum /opt/rke2-artifacts/sha256sum*.txt | awk '{print $1}') == abcd ]] || exit 1\n"

// Cloud-init warns of such data and drops it: the guest would come up without its bootstrap.
func TestWhatCloudInitWouldDropIsRefused(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("#cloud-config\na: [b\n"))
	for name, test := range map[string]struct{ data, where string }{
		"air-gap checksum":          {header + checksum, "line"},
		"and an expression":         {header + "hostname: '{{ ds.meta_data.local_hostname }}'\n" + checksum, "line"},
		"no expression":             {header + "write_files:\n  - path: /a\n   content: b\n", "line"},
		"no expression, no mapping": {header + "- a\n- b\n", "its top is not a mapping"},
		"two documents":             {header + "a: b\n---\nc: d\n", "more than one YAML document"},
		"expressions do not help":   {header + "a: [{{ v1.name }}\nb: c\n", "line"},
		"a cloud-config":            {"#cloud-config\n" + checksum, "line"},
		"a part of an archive": {"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/x-shellscript\n\n#!/bin/sh\ntrue\n" +
			"--b\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n" + encoded + "\n--b--\n", "part 2 of its archive"},
	} {
		for with, ours := range map[string]Config{"ours": full(), "nothing": {}} {
			t.Run(name+" with "+with, func(t *testing.T) {
				_, err := RenderUserData(ours, []byte(test.data))
				require.ErrorIs(t, err, ErrInvalidBootstrapData)
				require.ErrorContains(t, err, test.where)
				assert.NotContains(t, err.Error(), "sha256sum", "nothing of the data is in the error")
			})
		}
	}
}

// What may be right once the guest has rendered it is passed on.
func TestTemplatesThatMayRenderArePassedOn(t *testing.T) {
	for name, data := range map[string]string{
		"statements":           header + "{% if v1.distro == 'sles' %}\na: [\n{% endif %}\nb: c]\n",
		"an entry":             header + "a: b\n{{ ds.extra }}\nc: d\n",
		"a bare value":         header + "hostname: {{ v1.name }}\n",
		"an item":              header + "runcmd:\n{{ ds.command }}\n",
		"within a text":        header + "write_files:\n- path: /a\n  content: |\n    {{ v1.name }}\n",
		"static":               header + "a: b\n",
		"nothing but the head": header,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := RenderUserData(full(), []byte(data))
			require.NoError(t, err)
		})
	}
}
