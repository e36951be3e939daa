package integration

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/statuspage"
)

// The page is for those only whom the API server knows and lets read it, by the role that is shipped.
func TestStatusPageAsksTheAPIServer(t *testing.T) {
	w := newWorld(t)
	w.seedHarvester(1)
	page := w.runManagerWithStatusPage()
	w.createCluster()
	w.awaitCluster(infrav1.HarvesterConnectionReadyCondition, "True/"+infrav1.ConnectedReason)

	reader, stranger := w.account("reader"), w.account("stranger")
	w.createStatusReader("reader")
	assert.Equal(t, http.StatusUnauthorized, w.read(page, "", nil))
	// The API server answers 401 to such a token itself. To a TokenReview it answers with an error beside "not authenticated",
	// and controller-runtime (v0.24.1) makes 500 of every error. The page stays closed, which is what counts.
	review := w.reviewToken("nonsense")
	assert.False(t, review.Authenticated)
	assert.Contains(t, review.Error, "invalid bearer token")
	assert.Equal(t, http.StatusInternalServerError, w.read(page, "nonsense", nil))
	assert.Equal(t, http.StatusForbidden, w.read(page, stranger, nil))
	assert.Equal(t, http.StatusOK, w.read(page, reader, nil))
	shown := statuspage.Page{}
	w.eventually(func() bool {
		return w.read(page+".json", reader, &shown) == http.StatusOK && len(shown.Clusters) == 1 && len(shown.Pools) > 0
	}, "the cluster and its pools are shown")
	assert.Equal(t, w.namespace+"/"+clusterName, shown.Clusters[0].Name)
	assert.Empty(t, shown.Lacks)
}

// runManagerWithStatusPage runs the manager on this world's namespace, without webhooks, and returns the page's URL.
func (w *world) runManagerWithStatusPage() string {
	w.t.Helper()
	options := manager.DefaultOptions()
	options.Namespace, options.HealthAddress, options.EnableWebhooks = w.namespace, "0", false
	options.MetricsAddress, options.StatusPage = freeAddress(w.t), true
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- manager.Run(ctx, management, options) }()
	w.t.Cleanup(func() {
		cancel()
		assert.NoError(w.t, <-done)
	})
	return "https://" + options.MetricsAddress + statuspage.PagePath
}

// account makes a ServiceAccount in this world's namespace and returns a token of it.
func (w *world) account(name string) string {
	w.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
	w.create(w.management, account)
	request := &authenticationv1.TokenRequest{}
	require.NoError(w.t, w.management.SubResource("token").Create(w.ctx, account, request))
	return request.Status.Token
}

// reviewToken asks the API server whose token it is, as the manager does.
func (w *world) reviewToken(token string) authenticationv1.TokenReviewStatus {
	w.t.Helper()
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}
	require.NoError(w.t, w.management.Create(w.ctx, review))
	return review.Status
}

// createStatusReader installs the shipped roles and binds the reader's to an account.
func (w *world) createStatusReader(account string) {
	w.t.Helper()
	root, err := repositoryRoot()
	require.NoError(w.t, err)
	content, err := os.ReadFile(filepath.Join(root, "config", "status-page", "role.yaml"))
	require.NoError(w.t, err)
	for _, document := range strings.Split(string(content), "\n---\n") {
		role := &rbacv1.ClusterRole{}
		require.NoError(w.t, yaml.Unmarshal([]byte(document), role))
		if role.Kind == "ClusterRole" {
			w.create(w.management, role)
			w.t.Cleanup(func() { _ = w.management.Delete(context.Background(), role) })
		}
	}
	w.create(w.management, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: w.namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "caphv-status-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: w.namespace, Name: account}},
	})
	// The API server takes a moment to know a binding, and the manager keeps a refusal for half a minute.
	w.eventually(func() bool {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:                  "system:serviceaccount:" + w.namespace + ":" + account,
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: statuspage.PagePath, Verb: "get"},
		}}
		require.NoError(w.t, w.management.Create(w.ctx, review))
		return review.Status.Allowed
	}, "the binding counts")
}

// read gets a URL with a token, and reads the answer into a value if it is given. It returns the status; 0 while nothing
// answers.
func (w *world) read(url, token string, into any) int {
	w.t.Helper()
	// The certificate is signed by itself.
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	status := 0
	w.eventually(func() bool {
		request, err := http.NewRequestWithContext(w.ctx, http.MethodGet, url, http.NoBody)
		require.NoError(w.t, err)
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		content, err := io.ReadAll(response.Body)
		require.NoError(w.t, err)
		if into != nil && response.StatusCode == http.StatusOK {
			require.NoError(w.t, json.Unmarshal(content, into))
		}
		status = response.StatusCode
		return true
	}, "something answers at "+url)
	return status
}
