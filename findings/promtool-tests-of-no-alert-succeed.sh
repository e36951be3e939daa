#!/usr/bin/env bash
# promtool 2.53.3: `promtool test rules` succeeds, exit 0, when the test says that an alert does not fire and there is no such
# alert: its name is misspelled or was changed, or the file with the rules does not exist.
#
# Expected by most: an unknown alert is an error of the test, and a file that is listed under rule_files has to exist. Tests
# that an alert keeps still (during an upgrade, for a paused cluster, with one leader of two replicas) are half of an
# alert's tests. They stay green when the alert is renamed or its file moves, while the real one wakes people up. A
# missing file is only warned of. Give each such alert a test in which it fires as well.
#
# Output seen, of tests that the alert MachineStuck, which fires, does not fire:
#   its name:                    exit 1
#   its name misspelled:         exit 0, SUCCESS
#   a file that does not exist:  exit 0, SUCCESS
. "$(dirname "$0")/lib/debian.sh"
unpack promtool=2.53.3+ds1-2 libc6

cat >rules.yaml <<'END'
groups:
- name: machines
  rules:
  - {alert: MachineStuck, expr: machine_pending == 1, for: 5m}
END

quiet() {
	cat >test.yaml <<-END
		rule_files: [$2]
		tests:
		- interval: 1m
		  input_series:
		  - {series: 'machine_pending{name="demo-1"}', values: 1x20}
		  alert_rule_test:
		  - {eval_time: 10m, alertname: $3, exp_alerts: []}
	END
	if unpacked promtool test rules test.yaml >log 2>&1; then
		printf '%-28s exit 0, %s\n' "$1:" "$(grep -o SUCCESS log)"
	else
		grep -q 'got:' log || { cat log; exit 1; }
		printf '%-28s exit 1\n' "$1:"
	fi
}
{
	quiet 'its name' rules.yaml MachineStuck
	quiet 'its name misspelled' rules.yaml MachinesStuck
	quiet 'a file that does not exist' machines.yaml MachineStuck
} >seen

cat >expected <<'END'
its name:                    exit 1
its name misspelled:         exit 0, SUCCESS
a file that does not exist:  exit 0, SUCCESS
END
same
