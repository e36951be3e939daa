package doctor

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
)

// shortestSecret is the length below which a value is not taken for a secret: replacing it would only garble the output.
const shortestSecret = 6

const redacted = "[redacted]"

// secrets are the values that must not be printed. No answer is made from one; servers may repeat one in an error.
type secrets []string

// add notes the credentials of a kubeconfig. One that cannot be read holds none that were used.
func (s *secrets) add(kubeconfig []byte) {
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return
	}
	for _, user := range config.AuthInfos {
		s.note(user.Token, user.Password, string(user.ClientKeyData), base64.StdEncoding.EncodeToString(user.ClientKeyData))
	}
}

func (s *secrets) note(values ...string) {
	for _, value := range values {
		if len(value) >= shortestSecret {
			*s = append(*s, value)
		}
	}
}

// clean returns the report without the values, wherever they are.
func (s secrets) clean(report Report) (Report, error) {
	if len(s) == 0 {
		return report, nil
	}
	for i := range report.Findings {
		f := &report.Findings[i]
		f.Message, f.Do = s.strip(f.Message), s.strip(f.Do)
		for j := range f.Seen {
			f.Seen[j] = s.strip(f.Seen[j])
		}
	}
	for i := range report.Lacks {
		report.Lacks[i].Why = s.strip(report.Lacks[i].Why)
	}
	return report, s.verify(report)
}

func (s secrets) strip(text string) string {
	for _, value := range s {
		text = strings.ReplaceAll(text, value, redacted)
	}
	return text
}

// verify fails rather than let a value out that is in a field which strip does not look at.
func (s secrets) verify(report Report) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	for _, value := range s {
		quoted, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), strings.Trim(string(quoted), `"`)) {
			return errLeak
		}
	}
	return nil
}
