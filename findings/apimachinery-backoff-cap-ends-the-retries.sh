#!/usr/bin/env bash
# apimachinery and client-go v0.36.3: wait.Backoff with a Cap makes retry.OnError and wait.ExponentialBackoff give up as
# soon as the pause reaches the Cap, however many Steps are left. The same value goes on forever in DelayFunc.
#
# Expected by most, from other libraries and from the name: the pause grows to the Cap and stays there for the rest of
# the Steps. Ten steps from 5 ms, capped at 20 ms, are three attempts within 35 ms. So a Cap that was added to keep a
# controller from waiting too long makes it stop before a refusal that lasts five seconds, such as that of etcd after
# a member has joined, is over. Leave the Cap out, or bound the time by the context and use DelayFunc.
#
# Output seen, of ten steps:
#   no cap, retry.OnError:              10 attempts
#   cap, retry.OnError:                 3 attempts
#   cap, ExponentialBackoffWithContext: 3 attempts
#   cap, DelayFunc().Until:             attempts go on after 10: true
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	k8s.io/apimachinery v0.36.3
	k8s.io/client-go v0.36.3
)
END
cat >main.go <<'END'
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
)

var always = func(error) bool { return true }

func retries(backoff wait.Backoff) (attempts int) {
	_ = retry.OnError(backoff, always, func() error {
		attempts++
		return errors.New("refused")
	})
	return attempts
}

func polls(backoff wait.Backoff) (attempts int) {
	_ = wait.ExponentialBackoffWithContext(context.Background(), backoff, func(context.Context) (bool, error) {
		attempts++
		return false, nil
	})
	return attempts
}

// delays counts until there are more attempts than steps, for at most ten seconds.
func delays(backoff wait.Backoff) (attempts int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = backoff.DelayFunc().Until(ctx, true, false, func(context.Context) (bool, error) {
		attempts++
		return attempts > backoff.Steps, nil
	})
	return attempts
}

func main() {
	free := wait.Backoff{Duration: 5 * time.Millisecond, Factor: 2, Steps: 10}
	capped := free
	capped.Cap = 20 * time.Millisecond

	fmt.Println("no cap, retry.OnError:             ", retries(free), "attempts")
	fmt.Println("cap, retry.OnError:                ", retries(capped), "attempts")
	fmt.Println("cap, ExponentialBackoffWithContext:", polls(capped), "attempts")
	fmt.Println("cap, DelayFunc().Until:             attempts go on after 10:", delays(capped) > 10)
}
END
run

cat >expected <<'END'
no cap, retry.OnError:              10 attempts
cap, retry.OnError:                 3 attempts
cap, ExponentialBackoffWithContext: 3 attempts
cap, DelayFunc().Until:             attempts go on after 10: true
END
same
