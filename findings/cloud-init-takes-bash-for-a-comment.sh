#!/usr/bin/env bash
# Cluster API v1.14.2 (bootstrap/kubeadm) and cloud-init 25.1.4: a script of the user's in which bash asks for a length,
# `${#name}`, takes the whole user-data away. The guest creates no file, runs no command, joins nothing, and cloud-init
# logs one warning.
#
# Expected by most: the content of a file is data. But the bootstrap providers, that for RKE2 as well, write
# `## template: jinja` before the cloud-config, so that cloud-init renders all of it, and `{#` begins a comment in Jinja.
# Nothing on the management side complains; the machine waits for its node until the timeout. The Go templates that crictl
# and kubectl take do the same. Give such files with `encoding: base64`.
#
# Output seen, of what the guest would carry out with a line like this in a file:
#   exit 1                     write_files 3, runcmd 2
#   [ "${#names[@]}" -gt 0 ]   write_files 0, runcmd 0, warning: Missing end of comment tag
#   crictl -o '{{.state}}'     write_files 0, runcmd 0, warning: unexpected '.'
#   the second as base64       write_files 3, runcmd 2
lib=$(cd "$(dirname "$0")/lib" && pwd)
. "$lib/go.sh"
. "$lib/cloud-init.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	sigs.k8s.io/cluster-api v1.14.2
	sigs.k8s.io/cluster-api/api v1.14.2
)
END
cat >main.go <<'END'
package main

import (
	"encoding/base64"
	"fmt"
	"log"
	"os"

	bootstrapv1 "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	"sigs.k8s.io/cluster-api/bootstrap/kubeadm/pkg/cloudinit"
)

func main() {
	file := bootstrapv1.File{Path: "/usr/local/bin/check", Content: "#!/bin/bash\n" + os.Args[1] + "\n"}
	if len(os.Args) > 2 {
		file.Content, file.Encoding = base64.StdEncoding.EncodeToString([]byte(file.Content)), bootstrapv1.Base64
	}

	userData, err := cloudinit.NewNode(&cloudinit.NodeInput{
		BaseUserData: cloudinit.BaseUserData{
			AdditionalFiles:    []bootstrapv1.File{file},
			PreKubeadmCommands: []string{"bash /usr/local/bin/check"},
		},
		JoinConfiguration: "kind: JoinConfiguration",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(userData))
}
END
# What cloud-init does with a part of user-data at a boot: the handler for templates, with that for cloud-config below it.
cat >boot.py <<'END'
import logging, pathlib, sys, types, yaml
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
from cloudinit.handlers.jinja_template import JinjaTemplatePartHandler
from cloudinit.helpers import Paths

logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
root = pathlib.Path(sys.argv[2])
(root / "run").mkdir(parents=True)
paths = Paths({"cloud_dir": str(root / "lib"), "run_dir": str(root / "run")})
paths.datasource = types.SimpleNamespace(get_instance_id=lambda: "demo")
pathlib.Path(paths.get_runpath("instance_data_sensitive")).write_text("{}")

config = CloudConfigPartHandler(paths)
template = JinjaTemplatePartHandler(paths, sub_handlers=[config])
config.handle_part(None, "__begin__", None, None, None, {})
template.handle_part(None, "text/jinja2", "part-001", pathlib.Path(sys.argv[1]).read_text(), "always", {})
config.handle_part(None, "__end__", None, None, None, {})

done = yaml.safe_load(pathlib.Path(paths.get_ipath("cloud_config")).read_text()) or {}
print(f"write_files {len(done.get('write_files', []))}, runcmd {len(done.get('runcmd', []))}", end="")
END

count=0
boot() {
	local name=$1 line=$2
	shift 2
	count=$((count + 1))
	go run . "$line" "$@" >user-data 2>errors || { cat errors; exit 1; }
	printf '%-26s %s' "$name" "$(guest_python boot.py user-data "root-$count" 2>warnings)"
	sed -n "s/.*syntax error: \(Missing end of comment tag\|unexpected '.'\).*/, warning: \1/p" warnings | tr -d '\n'
	echo
}
length='[ "${#names[@]}" -gt 0 ]'
{
	boot 'exit 1' 'exit 1'
	boot "$length" "$length"
	boot "crictl -o '{{.state}}'" "crictl inspect -o go-template --template '{{.state}}' 1"
	boot 'the second as base64' "$length" base64
} >seen

cat >expected <<'END'
exit 1                     write_files 3, runcmd 2
[ "${#names[@]}" -gt 0 ]   write_files 0, runcmd 0, warning: Missing end of comment tag
crictl -o '{{.state}}'     write_files 0, runcmd 0, warning: unexpected '.'
the second as base64       write_files 3, runcmd 2
END
same
