package apiproxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
)

// written is what the history keeps of the object in the answer to a write. Nothing of a Secret's data is among it.
type written struct {
	Metadata struct {
		Name              string   `json:"name"`
		UID               string   `json:"uid"`
		ResourceVersion   string   `json:"resourceVersion"`
		Finalizers        []string `json:"finalizers"`
		DeletionTimestamp *string  `json:"deletionTimestamp"`

		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Status struct {
		Allocated map[string]string `json:"allocated"`
	} `json:"status"`
}

// noteWrite adds a write and its answer to the history, and leaves the answer readable.
func (p *Proxy) noteWrite(request Request, response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if err := response.Body.Close(); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	event := history.Event{
		Kind: history.Write, Verb: request.Verb, Resource: resourceName(request), Namespace: request.Namespace, Name: request.Name,
		Code: response.StatusCode, UserAgent: response.Request.UserAgent(),
	}
	if response.StatusCode < 300 && strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		describe(&event, request, body)
	}
	p.options.History.Record(event)
	return nil
}

// describe takes over what an answer says of the object.
func describe(event *history.Event, request Request, body []byte) {
	var object written
	if err := json.Unmarshal(body, &object); err != nil {
		return
	}
	if event.Name == "" {
		event.Name = object.Metadata.Name
	}
	event.UID, event.ResourceVersion = object.Metadata.UID, object.Metadata.ResourceVersion
	event.Finalizers, event.Deleting = object.Metadata.Finalizers, object.Metadata.DeletionTimestamp != nil
	switch request.Resource {
	case "ippools":
		event.Allocated = object.Status.Allocated
	case "virtualmachines":
		event.Volumes = claimsOf(object.Metadata.Annotations[claims.TemplatesAnnotation])
		event.RemovedVolumes = strings.FieldsFunc(object.Metadata.Annotations[claims.RemovedAnnotation], func(r rune) bool { return r == ',' || r == ' ' })
	}
}

// claimsOf names the claims that a VM's annotation lists. One that cannot be read lists none to Harvester either.
func claimsOf(annotation string) []string {
	var templates []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if annotation == "" || json.Unmarshal([]byte(annotation), &templates) != nil {
		return nil
	}
	names := make([]string, 0, len(templates))
	for _, template := range templates {
		names = append(names, template.Metadata.Name)
	}
	return names
}

// noteRead adds a read to the history. What was read is not among it.
func (p *Proxy) noteRead(request Request, from *http.Request, code int) {
	if request.Resource == "" || request.IsWrite() {
		return
	}
	p.options.History.Record(history.Event{
		Kind: history.ReadRequest, Verb: request.Verb, Resource: resourceName(request), Namespace: request.Namespace, Name: request.Name,
		Code: code, UserAgent: from.UserAgent(),
	})
}

// resourceName is the resource with its group, as in ippools.loadbalancer.harvesterhci.io.
func resourceName(request Request) string {
	if request.Group == "" {
		return request.Resource
	}
	resource, subresource, found := strings.Cut(request.Resource, "/")
	name := resource + "." + request.Group
	if found {
		name += "/" + subresource
	}
	return name
}
