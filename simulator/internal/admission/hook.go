package admission

import (
	"context"
	"encoding/json"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// hook judges requests for one resource.
type hook interface {
	handle(ctx context.Context, request admission.Request) admission.Response
}

// mutator fills in and rewrites one kind. mutate changes object in place; old is nil on create.
type mutator[T client.Object] struct {
	empty  func() T
	mutate func(ctx context.Context, old, object T) error
}

// validator refuses bad objects of one kind. old is nil on create, object is nil on delete; a nil function allows.
type validator[T client.Object] struct {
	empty          func() T
	create, update func(ctx context.Context, old, object T) error
	remove         func(ctx context.Context, object T, user string) error
}

func (m mutator[T]) handle(ctx context.Context, request admission.Request) admission.Response {
	old, object, err := decode(request, m.empty)
	if err != nil {
		return response(err)
	}
	before := object.DeepCopyObject()
	if err := m.mutate(ctx, old, object); err != nil {
		return response(err)
	}
	if equality.Semantic.DeepEqual(before, object) {
		return admission.Allowed("")
	}
	changed, err := graft(request.Object.Raw, before, object)
	if err != nil {
		return response(err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, changed)
}

func (v validator[T]) handle(ctx context.Context, request admission.Request) admission.Response {
	old, object, err := decode(request, v.empty)
	if err != nil {
		return response(err)
	}
	switch request.Operation {
	case admissionv1.Create:
		err = call(ctx, v.create, old, object)
	case admissionv1.Update:
		err = call(ctx, v.update, old, object)
	case admissionv1.Delete:
		if v.remove != nil {
			err = v.remove(ctx, old, request.UserInfo.Username)
		}
	default:
		// Connect, which no webhook is registered for.
	}
	if err != nil {
		return response(err)
	}
	return admission.Allowed("")
}

func call[T client.Object](ctx context.Context, check func(context.Context, T, T) error, old, object T) error {
	if check == nil {
		return nil
	}
	return check(ctx, old, object)
}

// decode reads both objects of a request; what the request lacks stays the zero T.
func decode[T client.Object](request admission.Request, empty func() T) (old, object T, err error) {
	if len(request.OldObject.Raw) > 0 {
		old = empty()
		if err := json.Unmarshal(request.OldObject.Raw, old); err != nil {
			return old, object, fmt.Errorf("decode old object: %w", err)
		}
	}
	if len(request.Object.Raw) > 0 {
		object = empty()
		if err := json.Unmarshal(request.Object.Raw, object); err != nil {
			return old, object, fmt.Errorf("decode object: %w", err)
		}
	}
	return old, object, nil
}

// graft applies the difference between two typed objects to the object as it was sent, so that fields the types do not
// know stay, and fields that merely encode as empty do not appear.
func graft(sent []byte, before, after any) ([]byte, error) {
	from, err := json.Marshal(before)
	if err != nil {
		return nil, fmt.Errorf("encode object: %w", err)
	}
	to, err := json.Marshal(after)
	if err != nil {
		return nil, fmt.Errorf("encode mutated object: %w", err)
	}
	difference, err := jsonpatch.CreateMergePatch(from, to)
	if err != nil {
		return nil, fmt.Errorf("compare objects: %w", err)
	}
	merged, err := jsonpatch.MergePatch(sent, difference)
	if err != nil {
		return nil, fmt.Errorf("apply mutation: %w", err)
	}
	return merged, nil
}
