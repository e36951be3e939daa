package v1alpha1

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
)

const (
	// HubDataAnnotation on an object of this version holds spec and status of the v1beta1 object that it was converted
	// from, if this version cannot say all of it. The name and the content are those of Cluster API's own conversions, so
	// that its controllers know to pass over it.
	HubDataAnnotation = "cluster.x-k8s.io/conversion-data"

	// DataAnnotation on a v1beta1 object holds those fields of spec and status of the v1alpha1 object that it was
	// converted from which v1beta1 cannot say.
	DataAnnotation = "infrastructure.cluster.x-k8s.io/v1alpha1-conversion-data"
)

// object is a pointer to one of our kinds.
type object[T any] interface {
	*T
	runtime.Object
	metav1.ObjectMetaAccessor
}

// pair converts spec and status of one kind, and nothing else. Neither function keeps or changes its source; up(down(x))
// and down(up(x)) may differ from x in what the other version cannot say.
type pair[S, H any] struct {
	up   func(*S, *H)
	down func(*H, *S)
	// derive adds to an object of v1beta1 what follows from its other fields and v1alpha1 did not have at first, and tells
	// whether it added anything. nil: nothing is derived.
	derive func(*H) bool
}

// toHub converts an object to v1beta1, with what the version that it came from had kept in it.
func toHub[S, H any, PS object[S], PH object[H]](src PS, dst PH, convert pair[S, H]) error {
	metadata := copyMetadata(src, dst)
	convert.up((*S)(src), (*H)(dst))
	kept := take[H](metadata, HubDataAnnotation)
	if kept != nil {
		known := new(H)
		convert.up(downOf(convert, kept), known)
		if err := restore[H, PH](dst, known, kept); err != nil {
			return err
		}
	}
	if kept == nil || !convert.derives(kept) {
		convert.derives((*H)(dst))
	}
	lost, err := difference(src, downOf(convert, (*H)(dst)))
	if err != nil || len(lost) == 0 {
		return err
	}
	return keep(metadata, DataAnnotation, lost)
}

// fromHub converts an object from v1beta1, with what an earlier conversion had kept in it.
func fromHub[S, H any, PS object[S], PH object[H]](src PH, dst PS, convert pair[S, H]) error {
	metadata := copyMetadata(src, dst)
	convert.down((*H)(src), (*S)(dst))
	text := metadata.Annotations[DataAnnotation]
	if kept := take[S](metadata, DataAnnotation); kept != nil {
		known := new(H)
		convert.up(kept, known)
		if err := restore[S, PS](dst, downOf(convert, known), kept); err != nil {
			return err
		}
		if err := dropDerived[S, H, PS](dst, text, convert); err != nil {
			return err
		}
	}
	back := new(H)
	convert.up((*S)(dst), back)
	convert.derives(back)
	lost, err := difference(src, back)
	if err != nil || len(lost) == 0 {
		return err
	}
	whole, err := content(src)
	if err != nil {
		return err
	}
	return keep(metadata, HubDataAnnotation, whole)
}

// derives adds to hub what is derived, and tells whether that is anything.
func (p pair[S, H]) derives(hub *H) bool { return p.derive != nil && p.derive(hub) }

func downOf[S, H any](convert pair[S, H], hub *H) *S {
	spoke := new(S)
	convert.down(hub, spoke)
	return spoke
}

// copyMetadata gives dst the metadata of src, and returns that of dst.
func copyMetadata(src, dst metav1.ObjectMetaAccessor) *metav1.ObjectMeta {
	from, _ := src.GetObjectMeta().(*metav1.ObjectMeta)
	to, _ := dst.GetObjectMeta().(*metav1.ObjectMeta)
	from.DeepCopyInto(to)
	return to
}

// take removes an annotation and returns what it holds; nil if there is none. One that cannot be read stays.
func take[T any](metadata *metav1.ObjectMeta, annotation string) *T {
	text, present := metadata.Annotations[annotation]
	kept := new(T)
	if !present || json.Unmarshal([]byte(text), kept) != nil {
		return nil
	}
	delete(metadata.Annotations, annotation)
	if len(metadata.Annotations) == 0 {
		metadata.Annotations = nil
	}
	return kept
}

func keep(metadata *metav1.ObjectMeta, annotation string, fields map[string]any) error {
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	metav1.SetMetaDataAnnotation(metadata, annotation, string(text))
	return nil
}

// restore gives current back what kept says more than known, where current still says what known says.
func restore[T any, P object[T]](current P, known, kept *T) error {
	var contents [3]map[string]any
	for i, object := range []any{known, kept, current} {
		var err error
		if contents[i], err = content(object); err != nil {
			return err
		}
	}
	text, err := json.Marshal(merge(contents[0], contents[1], contents[2]))
	if err != nil {
		return err
	}
	restored := P(new(T))
	if err := json.Unmarshal(text, restored); err != nil {
		return err
	}
	copyMetadata(current, restored)
	restored.GetObjectKind().SetGroupVersionKind(current.GetObjectKind().GroupVersionKind())
	*current = *restored
	return nil
}

// content is an object as JSON has it, without type and metadata.
func content(object any) (map[string]any, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	for _, field := range []string{"apiVersion", "kind", "metadata"} {
		delete(fields, field)
	}
	return fields, nil
}

// difference returns the fields of an object's spec and status whose value is another one after a round trip.
func difference(object, roundTripped any) (map[string]any, error) {
	before, err := content(object)
	if err != nil {
		return nil, err
	}
	after, err := content(roundTripped)
	if err != nil {
		return nil, err
	}
	lost := map[string]any{}
	for part := range union(before, after) {
		were, _ := before[part].(map[string]any)
		are, _ := after[part].(map[string]any)
		fields := map[string]any{}
		for field := range union(were, are) {
			if !reflect.DeepEqual(were[field], are[field]) {
				fields[field] = were[field]
			}
		}
		if len(fields) > 0 {
			lost[part] = fields
		}
	}
	return lost, nil
}
