#!/usr/bin/env bash
# clusterctl v1.14.2: a variable of a template that is not set is an error, but not if it stands in a shell expression
# with an operator. `${X%%.*}` then becomes nothing, and of `${X:?say X}`, which ends a shell, the message becomes the
# value. With `:+` it is the wrong way round: the alternative comes when X is unset. `$$` becomes `$`. No warning, exit 0.
#
# Expected by most: clusterctl replaces `${X}`, refuses when X is unset, and leaves other shell code alone or refuses it.
# Scripts in files, preRKE2Commands and preKubeadmCommands are full of such expressions, meant for the guest: a node name
# made from ${HOSTNAME%%.*} is empty, or is the name of the machine on which clusterctl ran. Write `$${X%%.*}` for the guest.
#
# Output seen, of templates with the command on the left and no variable set:
#   ${DOMAIN}           value for variables [DOMAIN] is not set
#   ${DOMAIN%%.*}       becomes ""
#   ${DOMAIN##*/}       becomes ""
#   ${DOMAIN:?say it}   becomes say it
#   ${DOMAIN:+known}    becomes known
#   $$                  becomes $
#   $${DOMAIN%%.*}      becomes ${DOMAIN%%.*}
# and with DOMAIN=example:
#   ${DOMAIN:+known}    becomes example
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	sigs.k8s.io/cluster-api v1.14.2
	sigs.k8s.io/cluster-api/api v1.14.2
)
END
go build -o clusterctl sigs.k8s.io/cluster-api/cmd/clusterctl 2>errors || { cat errors; exit 1; }
export CLUSTERCTL_DISABLE_VERSIONCHECK=true

generate() {
	cat >template.yaml <<-END
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: script}
		data: {command: '$1'}
	END
	if ./clusterctl generate yaml --from template.yaml >out.yaml 2>errors; then
		printf '%-19s becomes %s\n' "$1" "$(sed -n 's/^  command: //p' out.yaml)"
	else
		printf '%-19s %s\n' "$1" "$(grep -o 'value for variables .* is not set' errors)"
	fi
}

unset DOMAIN
{
	for expression in '${DOMAIN}' '${DOMAIN%%.*}' '${DOMAIN##*/}' '${DOMAIN:?say it}' '${DOMAIN:+known}' '$$' '$${DOMAIN%%.*}'; do
		generate "$expression"
	done
	DOMAIN=example generate '${DOMAIN:+known}'
} >seen

cat >expected <<'END'
${DOMAIN}           value for variables [DOMAIN] is not set
${DOMAIN%%.*}       becomes ""
${DOMAIN##*/}       becomes ""
${DOMAIN:?say it}   becomes say it
${DOMAIN:+known}    becomes known
$$                  becomes $
$${DOMAIN%%.*}      becomes ${DOMAIN%%.*}
${DOMAIN:+known}    becomes example
END
same
