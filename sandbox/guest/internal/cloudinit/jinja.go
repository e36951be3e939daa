package cloudinit

import (
	"regexp"
	"strings"
)

// expression matches a jinja variable. Filters, tests and statements are
// beyond what bootstrap data is known to use.
var expression = regexp.MustCompile(`\{\{\s*([A-Za-z0-9_.]+)\s*\}\}`)

// render replaces the instance-data variables of a jinja document. As
// cloud-init does, it puts a marker in the place of an unknown one.
func render(text []byte, instance Instance) []byte {
	variables := map[string]string{
		"instance_id": instance.ID, "v1.instance_id": instance.ID, "ds.meta_data.instance_id": instance.ID,
		"local_hostname": instance.Hostname, "v1.local_hostname": instance.Hostname,
		"ds.meta_data.local_hostname": instance.Hostname, "ds.meta_data.hostname": instance.Hostname,
		"cloud_name": "nocloud", "v1.cloud_name": "nocloud", "v1.platform": "nocloud", "v1.region": "",
	}
	return expression.ReplaceAllFunc(text, func(match []byte) []byte {
		name := string(expression.FindSubmatch(match)[1])
		if value, known := variables[name]; known {
			return []byte(value)
		}
		return []byte("CI_MISSING_JINJA_VAR/" + name[strings.LastIndex(name, ".")+1:])
	})
}
