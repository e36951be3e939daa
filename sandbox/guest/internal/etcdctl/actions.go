package etcdctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	apiversion "go.etcd.io/etcd/api/v3/version"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// action does one command.
type action func(context.Context, call) error

var actions = map[string]action{
	"member list":     memberList,
	"member remove":   memberRemove,
	"member promote":  memberPromote,
	"move-leader":     moveLeader,
	"endpoint health": endpointHealth,
	"endpoint status": endpointStatus,
	"alarm list":      alarmList,
	"version":         version,
}

// find takes the longest run of words that names an action.
func find(words []string) (action, []string, error) {
	for n := min(2, len(words)); n > 0; n-- {
		if found, ok := actions[strings.Join(words[:n], " ")]; ok {
			return found, words[n:], nil
		}
	}
	return nil, nil, fmt.Errorf("unknown command %q for \"etcdctl\"", strings.Join(words, " "))
}

func memberList(ctx context.Context, c call) error {
	var options []clientv3.OpOption
	if c.serializable {
		options = append(options, clientv3.WithSerializable())
	}
	response, err := c.client.MemberList(ctx, options...)
	if err != nil {
		return err
	}
	if c.json {
		return json.NewEncoder(c.out).Encode(response)
	}
	for _, member := range response.Members {
		state := "started"
		if member.Name == "" {
			state = "unstarted"
		}
		fmt.Fprintf(c.out, "%x, %s, %s, %s, %s, %t\n", member.ID, state, member.Name,
			strings.Join(member.PeerURLs, ","), strings.Join(member.ClientURLs, ","), member.IsLearner)
	}
	return nil
}

func memberRemove(ctx context.Context, c call) error {
	id, err := c.member()
	if err != nil {
		return err
	}
	response, err := c.client.MemberRemove(ctx, id)
	if err != nil {
		return err
	}
	if c.json {
		return json.NewEncoder(c.out).Encode(response)
	}
	fmt.Fprintf(c.out, "Member %16x removed from cluster %16x\n", id, response.Header.ClusterId)
	return nil
}

func memberPromote(ctx context.Context, c call) error {
	id, err := c.member()
	if err != nil {
		return err
	}
	response, err := c.client.MemberPromote(ctx, id)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Member %16x promoted in cluster %16x\n", id, response.Header.ClusterId)
	return nil
}

func moveLeader(ctx context.Context, c call) error {
	id, err := c.member()
	if err != nil {
		return err
	}
	if _, err := c.client.MoveLeader(ctx, id); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Leadership transferred to %x\n", id)
	return nil
}

func endpointHealth(ctx context.Context, c call) error {
	var failures []error
	for _, endpoint := range c.endpoints {
		begun := time.Now()
		// A read that goes through the leader tells health, as in etcdctl.
		if _, err := c.client.Get(ctx, "health"); err != nil {
			failures = append(failures, fmt.Errorf("%s is unhealthy: %w", endpoint, err))
			continue
		}
		fmt.Fprintf(c.out, "%s is healthy: successfully committed proposal: took = %s\n", endpoint, time.Since(begun))
	}
	return errors.Join(failures...)
}

func endpointStatus(ctx context.Context, c call) error {
	for _, endpoint := range c.endpoints {
		status, err := c.client.Status(ctx, endpoint)
		if err != nil {
			return err
		}
		if c.json {
			document := []map[string]any{{"Endpoint": endpoint, "Status": status}}
			if err := json.NewEncoder(c.out).Encode(document); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(c.out, "%s, %x, %s, %d B, %t, %t, %d, %d\n", endpoint, status.Header.MemberId, status.Version,
			status.DbSize, status.Leader == status.Header.MemberId, status.IsLearner, status.RaftTerm, status.RaftIndex)
	}
	return nil
}

func alarmList(ctx context.Context, c call) error {
	response, err := c.client.AlarmList(ctx)
	if err != nil {
		return err
	}
	if c.json {
		return json.NewEncoder(c.out).Encode(response)
	}
	for _, alarm := range response.Alarms {
		fmt.Fprintf(c.out, "memberID:%d alarm:%s\n", alarm.MemberID, alarm.Alarm)
	}
	return nil
}

func version(_ context.Context, c call) error {
	fmt.Fprintf(c.out, "etcdctl version: %s\nAPI version: %s\n", apiversion.Version, apiversion.APIVersion)
	return nil
}
