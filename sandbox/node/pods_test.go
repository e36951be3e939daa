//go:build linux

package node_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"
	"k8s.io/utils/ptr"
)

// TestPods runs what an installed manager relies on, one after another on one node.
func TestPods(t *testing.T) {
	if !onNode(t) {
		return
	}
	c := startCluster(t)
	t.Run("a Pod becomes ready by its probe, and not ready", c.probes)
	t.Run("logs, exec and a good end", c.talks)
	t.Run("exit codes", c.exits)
	t.Run("Secret, ConfigMap and token", c.mounts)
	t.Run("a container's user and rights", c.rights)
	t.Run("Pods and Services reach each other, and the API server", c.reaches)
	t.Run("a liveness probe that fails restarts", c.restarts)
	t.Run("an image that does not exist is named", c.missingImage)
}

// run creates a Pod, and returns it when done says so.
func (c *cluster) run(t *testing.T, name string, spec corev1.PodSpec, done func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	spec.TerminationGracePeriodSeconds = ptr.To[int64](5)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: map[string]string{"app": name}}, Spec: spec}
	_, err := c.client.CoreV1().Pods(pod.Namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = c.client.CoreV1().Pods(pod.Namespace).Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{})
	})
	return c.await(t, name, done)
}

// await waits until a Pod is as it should be.
func (c *cluster) await(t *testing.T, name string, done func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lw := cache.NewListWatchFromClient(c.client.CoreV1().RESTClient(), "pods", "default", one(name))
	var last *corev1.Pod
	_, err := toolswatch.UntilWithSync(ctx, lw, &corev1.Pod{}, nil, func(event watch.Event) (bool, error) {
		pod, ok := event.Object.(*corev1.Pod)
		if !ok {
			return false, nil
		}
		last = pod
		return done(pod), nil
	})
	require.NoError(t, err, "Pod %s: %+v", name, last)
	return last
}

func ready(pod *corev1.Pod) bool { return condition(pod, corev1.PodReady) == corev1.ConditionTrue }

func condition(pod *corev1.Pod, kind corev1.PodConditionType) corev1.ConditionStatus {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == kind {
			return condition.Status
		}
	}
	return corev1.ConditionUnknown
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// serving is a Pod whose readiness is asked for.
func (c *cluster) serving() corev1.PodSpec {
	container := c.container("serve")
	container.ReadinessProbe = &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromInt(8080)}},
		PeriodSeconds: 1, FailureThreshold: 1,
	}
	return corev1.PodSpec{Containers: []corev1.Container{container}}
}

func (c *cluster) kubectl(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(c.paths.Assets(), "kubectl"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	output, err := command.CombinedOutput()
	return string(output), err
}

func (c *cluster) probes(t *testing.T) {
	c.run(t, "probed", c.serving(), ready)
	output, err := c.kubectl(t, "exec", "probed", "--", "/program", "write", "/tmp/unready")
	require.NoError(t, err, output)
	c.await(t, "probed", func(pod *corev1.Pod) bool { return condition(pod, corev1.PodReady) == corev1.ConditionFalse })
}

func (c *cluster) talks(t *testing.T) {
	c.run(t, "talking", c.serving(), ready)
	output, err := c.kubectl(t, "logs", "talking")
	require.NoError(t, err, output)
	assert.ElementsMatch(t, []string{"serving", "complaining"}, strings.Fields(output))

	output, err = c.kubectl(t, "exec", "talking", "--", "/program", "who")
	require.NoError(t, err, output)
	assert.Contains(t, output, "uid 65532 gid 65532")
	assert.Contains(t, output, "host talking")
	output, err = c.kubectl(t, "exec", "talking", "--", "/program", "exit", "7")
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, output)
	assert.Equal(t, 7, exit.ExitCode())

	follow := exec.CommandContext(t.Context(), filepath.Join(c.paths.Assets(), "kubectl"), "logs", "--follow", "talking")
	follow.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	var followed strings.Builder
	follow.Stdout = &followed
	require.NoError(t, follow.Start())
	output, err = c.kubectl(t, "delete", "pod", "talking")
	require.NoError(t, err, output)
	require.NoError(t, follow.Wait())
	assert.Contains(t, followed.String(), "ending in good order")
}

func (c *cluster) exits(t *testing.T) {
	for code, phase := range map[string]corev1.PodPhase{"0": corev1.PodSucceeded, "3": corev1.PodFailed} {
		spec := corev1.PodSpec{Containers: []corev1.Container{c.container("exit", code)}, RestartPolicy: corev1.RestartPolicyNever}
		pod := c.run(t, "exit-"+code, spec, ended)
		assert.Equal(t, phase, pod.Status.Phase)
		assert.Equal(t, code, strings.TrimSpace(strings.TrimPrefix(c.logs(t, pod.Name), "ending with")))
		require.NotNil(t, pod.Status.ContainerStatuses[0].State.Terminated)
		assert.EqualValues(t, code[0]-'0', pod.Status.ContainerStatuses[0].State.Terminated.ExitCode)
	}
}

func (c *cluster) logs(t *testing.T, pod string) string {
	t.Helper()
	output, err := c.kubectl(t, "logs", pod)
	require.NoError(t, err, output)
	return output
}

func (c *cluster) restarts(t *testing.T) {
	spec := c.serving()
	spec.Containers[0].LivenessProbe = &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/program", "exit", "1"}}},
		PeriodSeconds: 1, FailureThreshold: 1,
	}
	pod := c.run(t, "unhealthy", spec, func(pod *corev1.Pod) bool {
		return len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].RestartCount > 0
	})
	require.NotNil(t, pod.Status.ContainerStatuses[0].LastTerminationState.Terminated)
	assert.EqualValues(t, 0, pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.ExitCode, "it ended in good order")
}

func (c *cluster) missingImage(t *testing.T) {
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "absent", Image: "registry.example.org/test/absent:v1"}}}
	pod := c.run(t, "imageless", spec, func(pod *corev1.Pod) bool {
		return len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].State.Waiting != nil &&
			strings.HasPrefix(pod.Status.ContainerStatuses[0].State.Waiting.Reason, "ErrImagePull")
	})
	assert.Contains(t, pod.Status.ContainerStatuses[0].State.Waiting.Message, "registry.example.org/test/absent:v1")
}
