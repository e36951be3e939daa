//go:build linux

package node_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// one selects an object by its name.
func one(name string) fields.Selector { return fields.OneTermEqualSelector("metadata.name", name) }

func (c *cluster) mounts(t *testing.T) {
	core := c.client.CoreV1()
	_, err := core.Secrets("default").Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}, StringData: map[string]string{"key": "hidden"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = core.ConfigMaps("default").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c"}, Data: map[string]string{"key": "plain"}}, metav1.CreateOptions{})
	require.NoError(t, err)

	container := c.container("cat", "/secret/key", "/config/key", "/var/run/secrets/kubernetes.io/serviceaccount/token", "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
	container.VolumeMounts = []corev1.VolumeMount{{Name: "s", MountPath: "/secret", ReadOnly: true}, {Name: "c", MountPath: "/config"}}
	pod := c.run(t, "mounting", corev1.PodSpec{
		Containers: []corev1.Container{container}, RestartPolicy: corev1.RestartPolicyNever,
		Volumes: []corev1.Volume{
			{Name: "s", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s", DefaultMode: ptr.To[int32](0o400)}}},
			{Name: "c", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}}},
		},
	}, ended)
	logs := c.logs(t, pod.Name)
	assert.Equal(t, corev1.PodSucceeded, pod.Status.Phase, logs)
	for _, want := range []string{"/secret/key: hidden", "/config/key: plain", "token: eyJ", "-----BEGIN CERTIFICATE-----"} {
		assert.Contains(t, logs, want)
	}
}

// rights: a container is the user it asks for, has no capabilities, and writes where it may, only.
func (c *cluster) rights(t *testing.T) {
	who := c.container("who")
	who.SecurityContext = &corev1.SecurityContext{RunAsUser: ptr.To[int64](1234), RunAsGroup: ptr.To[int64](2345), RunAsNonRoot: ptr.To(true)}
	c.run(t, "who", corev1.PodSpec{Containers: []corev1.Container{who}, RestartPolicy: corev1.RestartPolicyNever}, ended)
	assert.Contains(t, c.logs(t, "who"), "pid 1 uid 1234 gid 2345")

	c.run(t, "status", corev1.PodSpec{Containers: []corev1.Container{c.container("status")}, RestartPolicy: corev1.RestartPolicyNever}, ended)
	logs := c.logs(t, "status")
	assert.Contains(t, logs, "CapEff:\t0000000000000000")
	assert.Contains(t, logs, "NoNewPrivs:\t1")

	for path, phase := range map[string]corev1.PodPhase{"/file": corev1.PodFailed, "/scratch/file": corev1.PodSucceeded} {
		write := c.container("write", path)
		write.SecurityContext = &corev1.SecurityContext{ReadOnlyRootFilesystem: ptr.To(true)}
		write.VolumeMounts = []corev1.VolumeMount{{Name: "scratch", MountPath: "/scratch"}}
		name := "write" + strings.ReplaceAll(path, "/", "-")
		pod := c.run(t, name, corev1.PodSpec{
			Containers: []corev1.Container{write}, RestartPolicy: corev1.RestartPolicyNever,
			Volumes: []corev1.Volume{{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		}, ended)
		assert.Equal(t, phase, pod.Status.Phase, "%s: %s", path, c.logs(t, name))
	}
}

func (c *cluster) reaches(t *testing.T) {
	web := c.run(t, "web", c.serving(), ready)
	service, err := c.client.CoreV1().Services("default").Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt(8080)}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	for name, url := range map[string]string{
		"pod":     "http://" + web.Status.PodIP + ":8080/ready",
		"service": "http://" + service.Spec.ClusterIP + "/ready",
	} {
		// A Service answers when its endpoint is known, so the Pod tries again until it succeeds.
		c.run(t, "reaches-"+name, corev1.PodSpec{Containers: []corev1.Container{c.container("get", url)}, RestartPolicy: corev1.RestartPolicyOnFailure}, ended)
		assert.Contains(t, c.logs(t, "reaches-"+name), "200 OK", url)
	}

	// The API server reaches Pods, too.
	answer, err := c.client.CoreV1().RESTClient().Get().AbsPath("/api/v1/namespaces/default/services/web:http/proxy/ready").DoRaw(t.Context())
	require.NoError(t, err, string(answer))
}
