package etcdops

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Report is the state of an etcd cluster as data for other tools. IDs are in hexadecimal, as etcdctl prints them.
type Report struct {
	Members []MemberReport `json:"members"`
	// Voters, HealthyVoters and Quorum say how far the cluster is from losing its quorum. Spare is how many healthy
	// voters may fail before that; negative when the quorum is lost.
	Voters        int `json:"voters"`
	HealthyVoters int `json:"healthyVoters"`
	Quorum        int `json:"quorum"`
	Spare         int `json:"spare"`
	// LowestVersion and HighestVersion are those of the members that answered; VersionSkew tells that they differ.
	LowestVersion  string `json:"lowestVersion,omitempty"`
	HighestVersion string `json:"highestVersion,omitempty"`
	VersionSkew    bool   `json:"versionSkew"`
	// LastSnapshot is the newest snapshot that can be restored; nil when none is known.
	LastSnapshot *BackupReport `json:"lastSnapshot,omitempty"`
}

// MemberReport is the state of one member.
type MemberReport struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Leader  bool        `json:"leader"`
	Learner bool        `json:"learner"`
	Healthy bool        `json:"healthy"`
	Problem string      `json:"problem,omitempty"`
	Alarms  []AlarmType `json:"alarms,omitempty"`
	Version string      `json:"version,omitempty"`
	// Lag is how many log entries the member is behind the newest.
	Lag uint64 `json:"lag"`
	// SizeBytes is the backend's size, ReclaimableBytes what defragmentation would free of it.
	SizeBytes        int64 `json:"sizeBytes"`
	ReclaimableBytes int64 `json:"reclaimableBytes"`
	// QuotaPercent is how much of its quota the backend uses; 0 when the member does not tell its quota.
	QuotaPercent int64 `json:"quotaPercent,omitempty"`
	// Defragment tells that defragmentation is worth its pause: at least half of the backend, and 100 MiB, is free.
	Defragment bool `json:"defragment"`
}

// BackupReport is the newest snapshot of the keys that is known to be usable.
type BackupReport struct {
	Name string    `json:"name"`
	Node string    `json:"node"`
	Time time.Time `json:"time"`
}

// minReclaimable is the least that makes defragmentation worth while, in bytes: it blocks the member meanwhile.
const minReclaimable = 100 << 20

// Assess turns a snapshot into a report. It is a pure function. last may be nil.
func Assess(s Snapshot, last *BackupReport) Report {
	v := newView(s)
	voters, healthy, _ := v.remaining(0)
	report := Report{Voters: voters, HealthyVoters: healthy, Quorum: quorum(voters), LastSnapshot: last}
	report.Spare = healthy - report.Quorum
	var versions []string
	for _, m := range s.Members {
		report.Members = append(report.Members, v.report(m))
		if m.Version != "" {
			versions = append(versions, m.Version)
		}
	}
	slices.SortFunc(report.Members, func(a, b MemberReport) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	if len(versions) > 0 {
		report.LowestVersion, report.HighestVersion = slices.MinFunc(versions, compareVersions), slices.MaxFunc(versions, compareVersions)
		report.VersionSkew = report.LowestVersion != report.HighestVersion
	}
	return report
}

func (v view) report(m Member) MemberReport {
	r := MemberReport{
		ID: fmt.Sprintf("%x", m.ID), Name: m.Name, Leader: v.snapshot.LeaderID == m.ID, Learner: m.Learner,
		Healthy: v.healthy(m), Problem: m.Problem, Version: m.Version, SizeBytes: m.DBSize,
		ReclaimableBytes: max(0, m.DBSize-m.DBSizeInUse),
	}
	for _, alarm := range v.snapshot.Alarms {
		if alarm.MemberID == m.ID {
			r.Alarms = append(r.Alarms, alarm.Type)
		}
	}
	if m.RaftAppliedIndex > 0 && v.newest > m.RaftAppliedIndex {
		r.Lag = v.newest - m.RaftAppliedIndex
	}
	if m.DBQuota > 0 {
		r.QuotaPercent = int64(100 * float64(m.DBSize) / float64(m.DBQuota))
	}
	r.Defragment = r.ReclaimableBytes >= minReclaimable && r.ReclaimableBytes >= m.DBSize/2
	return r
}

// compareVersions orders versions such as 3.6.14 by their numbers, and what is no version by its text.
func compareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, errM := strconv.Atoi(x[i])
		n, errN := strconv.Atoi(y[i])
		if errM != nil || errN != nil {
			return cmp.Compare(a, b)
		}
		if m != n {
			return cmp.Compare(m, n)
		}
	}
	return cmp.Compare(len(x), len(y))
}
