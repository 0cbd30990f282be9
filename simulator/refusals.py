"""The AADSTS numbers ("Microsoft Entra authentication & authorization error codes")."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Refusal:
    """One number: the OAuth error it travels as, the status, the text, and what Microsoft adds for apps."""

    error: str
    text: str
    status: int = HTTPStatus.BAD_REQUEST
    suberror: str | None = None


def _client(text: str) -> Refusal:
    return Refusal("invalid_client", text, HTTPStatus.UNAUTHORIZED)


def _grant(text: str, suberror: str | None = None) -> Refusal:
    return Refusal("invalid_grant", text, suberror=suberror)


def _request(text: str, error: str = "invalid_request") -> Refusal:
    return Refusal(error, text)


def _transient(text: str) -> Refusal:
    return Refusal("temporarily_unavailable", text, HTTPStatus.SERVICE_UNAVAILABLE)


def refusal(code: int) -> Refusal:
    """The entry for a number; an unlisted one is a plain refused grant."""
    return REFUSALS.get(code) or (
        _on_premises(code) if code in ON_PREMISES else _grant("Sign-in was refused.")
    )


def _on_premises(code: int) -> Refusal:
    return _grant(f"Authentication Agent: on-premises validation failed ({code - ON_PREMISES.start + 1}).")


ON_PREMISES = range(80001, 80015)
_MFA = (
    "Due to a configuration change made by your administrator, or because you moved to a new location, "
    "you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'."
)
_REVOKED = (
    "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
    "The user might have changed or reset their password."
)
REFUSALS: Mapping[int, Refusal] = {
    7000215: _client(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client "
        "secret value, not the client secret ID, for a secret added to app '{app}'."
    ),
    7000222: _client(
        "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to create "
        "new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate "
        "credentials."
    ),
    7000218: _client(
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    ),
    700024: _client("Client assertion is not within its valid time range."),
    700025: _client(
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
    ),
    700027: _client(
        "The certificate with identifier used to sign the client assertion is not registered on application."
    ),
    700212: _client(
        "No matching federated identity record found for presented assertion audience '{audience}'."
    ),
    700016: _request(
        "Application with identifier '{app}' was not found in the directory '{tenant}'. This can happen "
        "if the application has not been installed by the administrator of the tenant or consented to by"
        " any user in the tenant. You may have sent your authentication request to the wrong tenant.",
        "unauthorized_client",
    ),
    700011: _request(
        "Application with identifier '{app}' was not found in the directory.", "unauthorized_client"
    ),
    70001: _request("Application '{app}' is not supported for this account.", "unauthorized_client"),
    7000112: _request("Application '{app}'({name}) is disabled.", "unauthorized_client"),
    7000229: _client("The client application '{app}' is missing service principal in the tenant '{tenant}'."),
    90002: _request(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing "
        "into the correct cloud. Check with your subscription administrator, this may happen if there "
        "are no active subscriptions for the tenant.",
        "invalid_tenant",
    ),
    900023: _request(
        "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
    ),
    90038: _request("The tenant '{tenant}' belongs to another national cloud.", "invalid_tenant"),
    900382: _request("Confidential Client is not supported in Cross Cloud request."),
    900432: _request("Confidential Client is not supported in Cross Cloud request."),
    9001023: _request(
        "The grant type is not supported over the /common or /consumers endpoints. Please use the "
        "/organizations or tenant-specific endpoint."
    ),
    900144: _request("The request body must contain the following parameter: '{parameter}'."),
    70003: _request("The app requested an unsupported grant type '{grant_type}'.", "unsupported_grant_type"),
    500011: _request(
        "The resource principal named {resource} was not found in the tenant named {tenant}. This can "
        "happen if the application has not been installed by the administrator of the tenant.",
        "invalid_resource",
    ),
    650057: _request(
        "Invalid resource. The client has requested access to a resource which is not listed in the "
        "requested permissions in the client's application registration.",
        "invalid_resource",
    ),
    650052: _request(
        "The app is trying to access a service '{resource}' that your organization lacks a service "
        "principal for.",
        "invalid_client",
    ),
    70011: _request(
        "The provided request must include a 'scope' input parameter. The provided value for the input "
        "parameter 'scope' is not valid. The scope {scope} is not valid.",
        "invalid_scope",
    ),
    28002: _request("Provided value for the input parameter scope '{scope}' is not valid.", "invalid_scope"),
    65001: _grant(
        "The user or administrator has not consented to use the application with ID '{app}' named '{name}'. "
        "Send an interactive authorization request for this user and resource.",
        "consent_required",
    ),
    65004: _grant("User declined to consent to access the app.", "consent_required"),
    90094: _grant(
        "An administrator of {tenant} has set a policy that prevents you from consenting.", "consent_required"
    ),
    50126: _grant("Error validating credentials due to invalid username or password."),
    50034: _grant(
        "The user account {username} does not exist in the {tenant} directory. To sign into this "
        "application, the account must be added to the directory."
    ),
    50053: _grant(
        "The account is locked, you've tried to sign in too many times with an incorrect user ID or password."
    ),
    50055: _grant("The password is expired."),
    50144: _grant("User's Active Directory password has expired."),
    50056: _grant("Invalid or null password: password does not exist in the directory for this user."),
    50057: _grant("The user account is disabled."),
    50072: _grant(
        "Due to a configuration change, you must enroll in multi-factor authentication.", "basic_action"
    ),
    50074: _grant("Strong Authentication is required.", "basic_action"),
    50076: _grant(_MFA, "basic_action"),
    50078: _grant("Presented multi-factor authentication has expired due to policies.", "basic_action"),
    50079: _grant(
        "Due to a configuration change, you must enroll in multi-factor authentication.", "basic_action"
    ),
    50158: _grant("External security challenge not satisfied.", "basic_action"),
    53000: _grant("Your device is required to be compliant to access this resource.", "message_only"),
    53001: _grant("Your device is required to be domain joined to access this resource.", "message_only"),
    53002: _grant("The app you are using is not an approved app for Conditional Access.", "message_only"),
    53003: _grant(
        "Access has been blocked by Conditional Access policies. The access policy does not allow token "
        "issuance.",
        "message_only",
    ),
    53011: _grant("User blocked due to risk on home tenant.", "message_only"),
    530032: _grant("Blocked by security policy.", "message_only"),
    530035: _grant("Access has been blocked by security defaults.", "message_only"),
    50105: _grant("The signed in user is not assigned to a role for the application '{app}'({name})."),
    50132: _grant(
        "The session is not valid due to password expiration or recent password change.", "bad_token"
    ),
    50133: _grant(
        "The session is not valid due to password expiration or recent password change.", "bad_token"
    ),
    50135: _grant("Password change is required due to account risk."),
    50173: _grant(_REVOKED, "bad_token"),
    70000: _grant("Provided grant is invalid or malformed.", "bad_token"),
    70008: _grant(
        "The provided authorization code or refresh token has expired due to inactivity.", "bad_token"
    ),
    70043: _grant(
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
        "bad_token",
    ),
    700082: _grant("The refresh token has expired due to inactivity.", "bad_token"),
    50196: _grant("The server terminated an operation because it encountered a client request loop."),
    50033: _transient("A transient error has occurred. Please try again."),
    50087: _transient("A transient error has occurred during single sign-out. Please try again."),
    90006: _transient("The service is temporarily unavailable. Please retry."),
    90012: _transient("The request has timed out. Please retry."),
    90024: _transient("The request budget was exceeded. A transient error has occurred. Please try again."),
    90033: _transient("A transient error has occurred. Please try again."),
    90055: _transient("The server terminated the request: too many requests."),
    90090: _transient("A transient error has occurred. Please try again."),
}
