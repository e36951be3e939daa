package etcdops

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// snapshotFilesPath is where RKE2 lists its etcd snapshots (k3s, pkg/apis/k3s.cattle.io/v1, ETCDSnapshotFile).
const snapshotFilesPath = "/apis/k3s.cattle.io/v1/etcdsnapshotfiles"

// LastBackup finds the newest usable etcd snapshot that RKE2 knows of, through the API server of its cluster. It is nil
// where there is none, and where the cluster does not list snapshots, as with kubeadm. ErrUnreachable says that the API
// server does not answer.
func LastBackup(ctx context.Context, config *rest.Config) (*BackupReport, error) {
	core, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("%w: API server: %w", ErrInvalidConfig, err)
	}
	text, err := core.RESTClient().Get().AbsPath(snapshotFilesPath).Do(ctx).Raw()
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: list etcd snapshots: %w", ErrUnreachable, err)
	}
	return newestBackup(text)
}

// newestBackup reads a list of ETCDSnapshotFiles.
func newestBackup(text []byte) (*BackupReport, error) {
	var list struct {
		Items []struct {
			Spec struct {
				SnapshotName string `json:"snapshotName"`
				NodeName     string `json:"nodeName"`
			} `json:"spec"`
			Status struct {
				CreationTime *time.Time `json:"creationTime"`
				ReadyToUse   *bool      `json:"readyToUse"`
			} `json:"status"`
		} `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read the list of etcd snapshots: %w", err)
	}
	var newest *BackupReport
	for _, item := range list.Items {
		usable := item.Status.CreationTime != nil && item.Status.ReadyToUse != nil && *item.Status.ReadyToUse
		if usable && (newest == nil || item.Status.CreationTime.After(newest.Time)) {
			newest = &BackupReport{Name: item.Spec.SnapshotName, Node: item.Spec.NodeName, Time: *item.Status.CreationTime}
		}
	}
	return newest, nil
}
