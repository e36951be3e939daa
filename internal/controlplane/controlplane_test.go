package controlplane_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
)

func assets(t *testing.T) string {
	t.Helper()
	dir, err := controlplane.Assets("")
	require.NoError(t, err, "run `make assets` first")
	return dir
}

func start(t *testing.T, controllers ...string) *controlplane.ControlPlane {
	t.Helper()
	cp, err := controlplane.Start(t.Context(), controlplane.Options{
		Name: "trial", Dir: t.TempDir(), AssetsDir: assets(t), Controllers: controllers,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cp.Stop(context.Background())) })
	return cp
}

func client(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	c, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return c
}

func TestAServiceAccountHasOnlyTheRightsItIsGiven(t *testing.T) {
	cp := start(t, controlplane.Controllers...)
	admin := client(t, cp.Config())
	ctx := t.Context()
	_, err := admin.CoreV1().ServiceAccounts("default").Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}, metav1.CreateOptions{})
	require.NoError(t, err)

	config, err := cp.ServiceAccountConfig(ctx, "default", "reader")
	require.NoError(t, err)
	content, err := cp.Kubeconfig(config)
	require.NoError(t, err)
	fromFile, err := clientcmd.RESTConfigFromKubeConfig(content)
	require.NoError(t, err)

	_, err = client(t, fromFile).CoreV1().Secrets("default").List(ctx, metav1.ListOptions{})
	assert.True(t, apierrors.IsForbidden(err), "got %v", err)
}

func TestControllersCollectWhatADeletedNamespaceAndOwnerLeave(t *testing.T) {
	cp := start(t, controlplane.Controllers...)
	admin := client(t, cp.Config()).CoreV1()
	ctx := t.Context()
	_, err := admin.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "short-lived"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	owner, err := admin.ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = admin.ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name:            "owned",
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}},
	}}, metav1.CreateOptions{})
	require.NoError(t, err)

	require.NoError(t, admin.Namespaces().Delete(ctx, "short-lived", metav1.DeleteOptions{}))
	require.NoError(t, admin.ConfigMaps("default").Delete(ctx, "owner", metav1.DeleteOptions{}))

	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := admin.Namespaces().Get(ctx, "short-lived", metav1.GetOptions{})
		assert.True(c, apierrors.IsNotFound(err), "namespace: %v", err)
		_, err = admin.ConfigMaps("default").Get(ctx, "owned", metav1.GetOptions{})
		assert.True(c, apierrors.IsNotFound(err), "owned object: %v", err)
	}, time.Minute, 200*time.Millisecond)
}

func TestStopLeavesNoProcess(t *testing.T) {
	cp := start(t, controlplane.Controllers...)
	pids := cp.PIDs()
	require.Len(t, pids, 3)
	for _, pid := range pids {
		require.NoError(t, syscall.Kill(pid, 0), "process %d is not alive", pid)
	}

	require.NoError(t, cp.Stop(context.Background()))

	for _, pid := range pids {
		require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
	}
	assert.Empty(t, cp.PIDs())
}

func TestAMissingProgramIsNamed(t *testing.T) {
	_, err := controlplane.Start(t.Context(), controlplane.Options{Name: "trial", Dir: t.TempDir(), AssetsDir: t.TempDir()})
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "etcd of trial")
}

func TestIncompleteOptionsAreRefused(t *testing.T) {
	for name, options := range map[string]controlplane.Options{
		"no name":      {Dir: "d", AssetsDir: "a"},
		"no directory": {Name: "n", AssetsDir: "a"},
		"no assets":    {Name: "n", Dir: "d"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := controlplane.Start(t.Context(), options)
			assert.ErrorIs(t, err, controlplane.ErrInvalidOptions)
		})
	}
}
