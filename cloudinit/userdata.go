package cloudinit

import (
	"bytes"
	"errors"
	"fmt"
)

// RenderUserData joins our part with the data of a bootstrap provider, which may be a #cloud-config, plain or as a jinja
// template, a script, another format of cloud-init or a MIME archive, each possibly packed with gzip or base64.
//
// A #cloud-config comes back as a #cloud-config: lists are joined with ours first, single values of the bootstrap data
// stay, comments are lost. Everything else, and a #cloud-config that cannot be taken apart safely, comes back as a MIME
// archive that holds the bootstrap data unchanged and our part to be merged by the same rules; see Config.User for the one
// difference. If our part is empty the
// bootstrap data comes back unpacked but unchanged. What cloud-init does not read is refused, or comes back as it came
// if PassUnsupported says so.
//
// An error is ErrInvalidConfig, ErrUnsupportedFormat, ErrInvalidBootstrapData or ErrTooLarge.
func RenderUserData(ours Config, bootstrap []byte) ([]byte, error) {
	if err := ours.validate(); err != nil {
		return nil, err
	}
	data, err := unwrap(bootstrap)
	if err != nil {
		return nil, err
	}
	if ours.PassUnsupported && len(bytes.TrimSpace(data)) > 0 && contentTypeOf(data) == "" && !isArchive(data) {
		return bootstrap, CheckSecretSize(bootstrap)
	}
	rendered, err := join(ours, data)
	if err != nil {
		return nil, err
	}
	return rendered, CheckSecretSize(rendered)
}

func join(ours Config, data []byte) ([]byte, error) {
	part := ours.cloudConfig()
	kind := contentTypeOf(data)
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return document(configHeader, part)
	case kind == "" && !isArchive(data):
		return nil, fmt.Errorf("%w: it is none of cloud-config, jinja template, shell script, boothook, include file, "+
			"part handler or MIME archive; set the bootstrap provider's format to cloud-config", ErrUnsupportedFormat)
	}
	if err := verifyRead(data); err != nil {
		return nil, err
	}
	if len(part.Content) == 0 {
		return data, nil
	}
	if header, ok := cloudConfigHeader(data); ok {
		merged, err := mergeText(ours, header, data)
		if !errors.Is(err, errUnsafe) {
			return merged, err
		}
	}
	return archive(data, ours)
}

// cloudConfigHeader returns the header lines if data is a #cloud-config or a template of one.
func cloudConfigHeader(data []byte) (string, bool) {
	switch contentTypeOf(data) {
	case cloudConfigType:
		return configHeader, true
	case jinjaType:
		_, rest, _ := bytes.Cut(bytes.TrimLeft(data, " \t\r\n\v\f"), []byte("\n"))
		return jinjaHeader + "\n" + configHeader, contentTypeOf(rest) == cloudConfigType
	}
	return "", false
}

// mergeText merges on the level of YAML and then proves the result: read again, it must hold every value of the merged
// tree, and a template must hold every expression as it was written.
func mergeText(ours Config, header string, data []byte) ([]byte, error) {
	template := contentTypeOf(data) == jinjaType
	if template && !mergeableTemplate(data) {
		return nil, errUnsafe
	}
	root, err := parse(data)
	if err != nil {
		if template {
			return nil, errUnsafe
		}
		return nil, err
	}
	dropComments(root)
	part := ours.cloudConfig()
	if template {
		our, err := encode(part)
		if err != nil || hasTemplateMarks(our) {
			return nil, errUnsafe
		}
	}
	if err := mergeInto(root, part); err != nil {
		return nil, err
	}
	merged, err := document(header, root)
	if err != nil {
		return nil, errUnsafe
	}
	again, err := parse(merged)
	if err != nil || !equal(root, again) || template && !sameExpressions(data, merged) {
		return nil, errUnsafe
	}
	return merged, nil
}
