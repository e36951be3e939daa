package apiproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// subresourcesGroup is the API group of KubeVirt's subresources, whose rights are granted apart from kubevirt.io's.
const subresourcesGroup = "subresources.kubevirt.io"

// Machines are the operations behind the subresources. Errors are API status errors.
type Machines interface {
	Start(ctx context.Context, vm types.NamespacedName) error
	Stop(ctx context.Context, vm types.NamespacedName) error
	Restart(ctx context.Context, vm types.NamespacedName) error
	Migrate(ctx context.Context, vm types.NamespacedName) error
	SoftReboot(ctx context.Context, vm types.NamespacedName) error
	GuestOSInfo(ctx context.Context, vm types.NamespacedName) (*kubevirtv1.VirtualMachineInstanceGuestAgentInfo, error)
	Console(ctx context.Context, vm types.NamespacedName) (io.ReadWriteCloser, error)
}

// Subresources serves KubeVirt's subresources. It asks the apiserver who a token belongs to and whether they may.
type Subresources struct {
	// Client has the right to review tokens and access.
	Client client.Client
	// Machines do what is asked.
	Machines Machines
}

// ServeHTTP answers one request: 202 without a body for an operation, 200 with a document for information, and a WebSocket
// for a console.
func (s *Subresources) ServeHTTP(to http.ResponseWriter, from *http.Request) {
	request := Parse(from.Method, from.URL)
	document, err := s.serve(from, request)
	var status apierrors.APIStatus
	line, isLine := document.(io.ReadWriteCloser)
	switch {
	case isLine:
		carry(to, from, line)
	case errors.As(err, &status):
		result := status.Status()
		result.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		writeStatus(to, result)
	case err != nil:
		writeStatus(to, apierrors.NewInternalError(err).Status())
	case document == nil:
		to.WriteHeader(http.StatusAccepted)
	default:
		to.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(to).Encode(document)
	}
}

// serve checks who asks and does it. A nil document is an operation that was accepted, an io.ReadWriteCloser is a line to
// carry.
func (s *Subresources) serve(from *http.Request, request Request) (any, error) {
	resource, subresource, _ := strings.Cut(request.Resource, "/")
	if err := s.authorize(from, request, resource, subresource); err != nil {
		return nil, err
	}
	ctx, vm := from.Context(), types.NamespacedName{Namespace: request.Namespace, Name: request.Name}
	operations := map[string]func(context.Context, types.NamespacedName) error{
		"virtualmachines/start": s.Machines.Start, "virtualmachines/stop": s.Machines.Stop,
		"virtualmachines/restart": s.Machines.Restart, "virtualmachines/migrate": s.Machines.Migrate,
		"virtualmachineinstances/softreboot": s.Machines.SoftReboot,
	}
	if operation, ok := operations[request.Resource]; ok {
		if from.Method != http.MethodPut {
			return nil, apierrors.NewMethodNotSupported(schema.GroupResource{Group: subresourcesGroup, Resource: request.Resource}, request.Verb)
		}
		return nil, operation(ctx, vm)
	}
	switch {
	case request.Resource == "virtualmachineinstances/guestosinfo" && from.Method == http.MethodGet:
		return s.Machines.GuestOSInfo(ctx, vm)
	case request.Resource == "virtualmachineinstances/console" && from.Method == http.MethodGet:
		return s.Machines.Console(ctx, vm)
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Group: subresourcesGroup, Resource: request.Resource}, request.Name)
}

// authorize reviews the bearer token and the right to the subresource.
func (s *Subresources) authorize(from *http.Request, request Request, resource, subresource string) error {
	token, ok := strings.CutPrefix(from.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return apierrors.NewUnauthorized("Unauthorized")
	}
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}
	if err := s.Client.Create(from.Context(), review); err != nil {
		return fmt.Errorf("review token: %w", err)
	}
	if !review.Status.Authenticated {
		return apierrors.NewUnauthorized("Unauthorized")
	}
	user := review.Status.User
	access := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, UID: user.UID, Groups: user.Groups,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: subresourcesGroup, Version: "v1", Resource: resource, Subresource: subresource,
			Verb: request.Verb, Namespace: request.Namespace, Name: request.Name,
		},
	}}
	if err := s.Client.Create(from.Context(), access); err != nil {
		return fmt.Errorf("review access: %w", err)
	}
	if !access.Status.Allowed {
		return apierrors.NewForbidden(schema.GroupResource{Group: subresourcesGroup, Resource: request.Resource}, request.Name,
			fmt.Errorf("User %q cannot %s resource", user.Username, request.Verb)) //nolint:staticcheck // the apiserver's own words
	}
	return nil
}
