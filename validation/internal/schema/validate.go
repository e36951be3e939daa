package schema

import (
	"regexp"
	"slices"
	"strings"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubeversion "k8s.io/apimachinery/pkg/version"
)

// Fault is one thing that the API server has against an object.
type Fault struct {
	// Path is the exact place, such as spec.volumes[1].imageName.
	Path string
	// Message is the API server's, without the path.
	Message string
	// Unknown is true for a field that the schema does not have. The API server refuses it when asked to validate
	// strictly, as kubectl and Cluster API's users do by default, and drops it silently otherwise.
	Unknown bool
	// Form is true where the value is of another type than the schema's, so that nothing in it can be validated.
	Form bool
	// Variable and Class are set for the value of a variable that a ClusterClass declares.
	Variable, Class string
	// Foreign is true for a definition of another project, of which newer versions may know more.
	Foreign bool
}

// Knows tells whether there is a schema for this object.
func (s *Set) Knows(object map[string]any) bool {
	_, ok := s.versions[keyOf(object)]
	return ok
}

// Versions returns the versions of a kind, the newest first; none for a kind that does not exist.
func (s *Set) Versions(group, kind string) []string {
	var versions []string
	for k := range s.versions {
		if k.group == group && k.kind == kind {
			versions = append(versions, k.version)
		}
	}
	slices.SortFunc(versions, func(a, b string) int { return kubeversion.CompareKubeAwareVersionStrings(b, a) })
	return versions
}

// Kinds returns the kinds of a group, sorted.
func (s *Set) Kinds(group string) []string {
	var kinds []string
	for k := range s.versions {
		if k.group == group && !slices.Contains(kinds, k.kind) {
			kinds = append(kinds, k.kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// Validate returns what an API server would say about an object that is to be created, sorted by path. Unknown objects
// have no faults. A missing namespace is none either, since the API server takes it from the request. The object is
// as JSON decodes it, whole numbers as int64, and is not changed. The error is about the embedded schemas.
func (s *Set) Validate(object map[string]any) ([]Fault, error) {
	load, ok := s.versions[keyOf(object)]
	if !ok {
		return nil, nil
	}
	schema, err := load()
	if err != nil {
		return nil, err
	}
	if schema.quick.fits(object) {
		return nil, nil
	}
	faults := schema.create(runtime.DeepCopyJSON(object))
	if schema.below != "" {
		faults = slices.DeleteFunc(faults, func(f Fault) bool {
			return f.Path != schema.below && !strings.HasPrefix(f.Path, schema.below+".")
		})
		for i := range faults {
			faults[i].Foreign = true
		}
	}
	return faults, nil
}

// create follows the steps of a creation: decoding drops what the schema does not know, defaults are filled in, and
// what is left is validated. It changes the object.
func (c *compiled) create(object map[string]any) []Fault {
	u := &unstructured.Unstructured{Object: object}
	apiVersion, kind := u.GetAPIVersion(), u.GetKind()
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return []Fault{wrongMetadata(err)}
	}
	unknown = append(unknown, pruning.PruneWithOptions(object, c.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, c.structural)
	defaulting.Default(object, c.structural)
	u.SetAPIVersion(apiVersion)
	u.SetKind(kind)
	if found {
		if err := objectmeta.SetObjectMeta(object, meta); err != nil {
			return []Fault{wrongMetadata(err)}
		}
	}
	var faults []Fault
	for _, path := range unknown {
		faults = append(faults, Fault{Path: path, Message: `unknown field "` + path + `"`, Unknown: true})
	}
	for _, failure := range c.validate(u) {
		faults = append(faults, Fault{
			Path: placeOf(failure), Message: failure.ErrorBody(), Form: failure.Type == field.ErrorTypeTypeInvalid,
		})
	}
	return oncePerPlace(faults)
}

// metadataField is the field that the decoder of metadata names, in terms of Go's types.
var metadataField = regexp.MustCompile(`ObjectMeta\.([A-Za-z.]+)`)

// wrongMetadata is about metadata that cannot be decoded, without the decoder's words.
func wrongMetadata(err error) Fault {
	fault := Fault{Path: "metadata", Message: "Invalid value: it is, or holds, a value of the wrong type", Form: true}
	if found := metadataField.FindStringSubmatch(err.Error()); found != nil {
		fault.Path += "." + found[1]
	}
	return fault
}

// quotedPlace is the place in the messages of failures that name none in their field.
var quotedPlace = regexp.MustCompile(`(?:\bin |")((?:spec|status|metadata|value)\b[^\s"]*)`)

// placeOf returns the failure's field. OpenAPI's validator names none for a number that is too large for its format and
// for a value that fits none of several schemas, and says it in the message; the API server then says "<nil>".
func placeOf(failure *field.Error) string {
	if failure.Field != "" && failure.Field != "<nil>" {
		return failure.Field
	}
	if found := quotedPlace.FindStringSubmatch(failure.Detail); found != nil {
		return found[1]
	}
	return ""
}

// oncePerPlace keeps one fault for each place, that about its type where there is one: whatever else is wrong with the
// value follows from that. Unknown fields are all kept.
func oncePerPlace(faults []Fault) []Fault {
	var kept []Fault
	at := map[string]int{}
	for _, fault := range faults {
		i, known := at[fault.Path]
		switch {
		case fault.Unknown || !known:
			at[fault.Path] = len(kept)
			kept = append(kept, fault)
		case fault.Form && !kept[i].Form && !kept[i].Unknown:
			kept[i] = fault
		}
	}
	return kept
}

func (c *compiled) validate(u *unstructured.Unstructured) field.ErrorList {
	// The API server drops the status of an object that is created.
	delete(u.Object, "status")
	if u.GetNamespace() == "" {
		u.SetNamespace("default")
	}
	if u.GetName() == "" && u.GetGenerateName() != "" {
		u.SetName(u.GetGenerateName() + "00000")
	}
	failures := metavalidation.ValidateObjectMetaAccessor(u, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	failures = append(failures, validation.ValidateCustomResource(nil, u.Object, c.validator)...)
	failures = append(failures, objectmeta.Validate(nil, u.Object, c.structural, false)...)
	return append(failures, listtype.ValidateListSetsAndMaps(nil, c.structural, u.Object)...)
}

func keyOf(object map[string]any) key {
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	group, version, _ := strings.Cut(apiVersion, "/")
	return key{group: group, version: version, kind: kind}
}
