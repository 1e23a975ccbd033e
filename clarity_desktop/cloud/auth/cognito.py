"""The identity service through pycognito: blocking calls for worker threads, every refusal in words."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from clarity_desktop.cloud.auth.identity import (
    Challenge,
    ChallengeKind,
    OfferedDevice,
    Pool,
    RememberedDevice,
    SecondFactors,
    SignedIn,
    TokenSet,
    checked_password,
)
from clarity_desktop.cloud.auth.refusals import auth_error, configuration_error, refusals
from clarity_desktop.cloud.auth.sign_in import SignInUnderWay, Step, device_verifier
from clarity_desktop.cloud.client.exchange import CONNECT_S, NO_PROXY, TOTAL_S
from clarity_desktop.cloud.client.failures import signed_out

if TYPE_CHECKING:
    from pycognito import Cognito

__all__ = ["IdentityService"]


class IdentityService:
    """One pool. Every method waits for the network: call it from a worker thread, never from the window's.

    Parameters
    ----------
    keys:
        The pool's public keys (JWKS document), fetched by the one client.
    connect_s, total_s:
        Longest waits for a connection and for an answer.
    proxy:
        As that of the server; its own client, which the library has, would go past it otherwise.
    """

    def __init__(
        self,
        pool: Pool,
        keys: dict[str, Any],
        connect_s: float = CONNECT_S,
        total_s: float = TOTAL_S,
        proxy: str | None = None,
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._connect_s, self._total_s, self._proxy = connect_s, total_s, proxy

    def _door(self, email: str | None = None, **tokens: str) -> Cognito:
        from botocore.config import Config
        from pycognito import Cognito

        # Dummy credentials keep the library from walking its chain of them; user operations need none.
        own: dict[str, Any] = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        if self._pool.endpoint is not None:
            own["endpoint_url"] = self._pool.endpoint
        door = Cognito(
            self._pool.pool_id,
            self._pool.client_id,
            user_pool_region=self._pool.region,
            username=email,
            boto3_client_kwargs=own,
            botocore_config=Config(
                connect_timeout=self._connect_s,
                read_timeout=self._total_s,
                retries={"total_max_attempts": 1},
                proxies=_proxies(self._proxy),
            ),
            **tokens,
        )
        # Otherwise the library expects an issuer made from the address, and refuses every token of an emulator.
        door.pool_domain_url = None
        door.pool_jwk = self._keys
        return door

    # -- sign-in ------------------------------------------------------------------------------------------------

    def sign_in(self, email: str, password: str, device: RememberedDevice | None = None) -> SignedIn | Challenge:
        """Sign in by SRP: the password does not leave this machine.

        Parameters
        ----------
        device:
            This machine, where the pool remembers it: no second factor is asked for then. One that the pool no longer
            knows is left out, and the answer says so.

        Raises
        ------
        CloudError
            ``cloud.wrong_password`` (also for unknown people), ``cloud.not_confirmed``, ``cloud.password_reset``,
            ``cloud.user_disabled``, ``cloud.locked_out``, ``cloud.configuration``, ``cloud.unreachable``.
        """
        from botocore.exceptions import ClientError

        with refusals():
            if device is not None:
                under_way = self._under_way(email, password, device)
                try:
                    return self._followed(under_way.begin())
                except ClientError as error:
                    # The pool has forgotten this machine, or takes its proof no more; the password alone decides now.
                    is_gone = error.response["Error"]["Code"] == "ResourceNotFoundException"
                    if not is_gone and not under_way.proves_device:
                        raise
            under_way = self._under_way(email, password, None)
            return self._followed(under_way.begin(), device_unknown=device is not None)

    def _under_way(self, email: str, password: str, device: RememberedDevice | None) -> SignInUnderWay:
        return SignInUnderWay(self._door(email).client, self._pool, email, password, device)

    def answer(self, challenge: Challenge, text: str) -> SignedIn | Challenge:
        """Answer a challenge with a code or a new password; raises :class:`CloudError` (``cloud.wrong_code`` …)."""
        under_way = challenge.state
        if challenge.kind is ChallengeKind.UNSUPPORTED or not isinstance(under_way, SignInUnderWay):
            raise auth_error(
                "cloud.challenge",
                "The account asks for a way of proof that this program does not know.",
                "Ask the operator for an authenticator app or a text message as second factor.",
                challenge.name,
            )
        is_password = challenge.kind is ChallengeKind.NEW_PASSWORD
        typed = checked_password(text) if is_password else text.strip()
        with refusals():
            return self._followed(under_way.answer(challenge.kind, typed), device_unknown=challenge.device_unknown)

    def _followed(self, step: Step, *, device_unknown: bool = False) -> SignedIn | Challenge:
        if step.challenge is not None:
            return replace(step.challenge, device_unknown=device_unknown)
        return SignedIn(self._tokens(step.result or {}), step.offered, device_unknown)

    def renew(self, refresh: str, subject: str = "", device_key: str | None = None) -> TokenSet:
        """Exchange a refresh token.

        Parameters
        ----------
        device_key:
            This machine, at a pool that tracks machines: the token belongs to it there.

        Raises
        ------
        CloudError
            ``cloud.signed_out`` when it holds no more; ``cloud.configuration`` when the pool or the client of the
            settings is not there.
        """
        from botocore.exceptions import ClientError

        sent = {"REFRESH_TOKEN": refresh, **({"DEVICE_KEY": device_key} if device_key else {})}
        with refusals():
            try:
                answer = self._door().client.initiate_auth(
                    AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=sent, ClientId=self._pool.client_id
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "NotAuthorizedException":
                    raise signed_out() from None
                raise
            found = self._tokens({"RefreshToken": refresh, **answer["AuthenticationResult"]})
            if subject and found.subject != subject:
                raise signed_out()
            return found

    # -- this machine -------------------------------------------------------------------------------------------

    def name_device(self, access: str, offered: OfferedDevice, name: str, *, remember: bool) -> RememberedDevice:
        """Confirm this machine at a pool that tracks machines, and say whether it may skip the second factor."""
        password, verifier = device_verifier(offered)
        with refusals():
            client = self._door().client
            client.confirm_device(
                AccessToken=access, DeviceKey=offered.key, DeviceName=name, DeviceSecretVerifierConfig=verifier
            )
            status = "remembered" if remember else "not_remembered"
            client.update_device_status(AccessToken=access, DeviceKey=offered.key, DeviceRememberedStatus=status)
        return RememberedDevice(offered.key, offered.group, password, remember)

    def forget_device(self, access: str, key: str) -> None:
        """Let the pool forget this machine; one that it does not know is no error."""
        with refusals(quiet=("ResourceNotFoundException",)):
            self._door().client.forget_device(AccessToken=access, DeviceKey=key)

    def sign_out(self, refresh: str) -> None:
        """Revoke a refresh token: this machine's session ends."""
        with refusals():
            self._door().client.revoke_token(Token=refresh, ClientId=self._pool.client_id)

    def sign_out_everywhere(self, access: str) -> None:
        """End all sessions of the account."""
        with refusals():
            self._door().client.global_sign_out(AccessToken=access)

    # -- account ------------------------------------------------------------------------------------------------

    def register(self, email: str, password: str, name: str = "") -> bool:
        """Make an account; answers whether it is confirmed already."""
        checked_password(password)
        door = self._door()
        with refusals():
            attributes = {"email": email, **({"name": name} if name else {})}
            door.set_base_attributes(**attributes)
            answer = door.register(email, password)
            return bool(answer.get("UserConfirmed"))

    def confirm(self, email: str, code: str) -> None:
        """Confirm an account by the code from the mail."""
        with refusals():
            self._door(email).confirm_sign_up(code.strip(), username=email)

    def send_code_again(self, email: str) -> None:
        """Send the code once more; says nothing of whether there is such an account (D25)."""
        with refusals(quiet=("UserNotFoundException", "InvalidParameterException")):
            self._door().client.resend_confirmation_code(ClientId=self._pool.client_id, Username=email)

    def forgot_password(self, email: str) -> None:
        """Send a code for a new password; says nothing of whether there is such an account (D25)."""
        with refusals(quiet=("UserNotFoundException", "InvalidParameterException")):
            self._door(email).initiate_forgot_password()

    def reset_password(self, email: str, code: str, password: str) -> None:
        """Set a new password by a code."""
        with refusals():
            self._door(email).confirm_forgot_password(code.strip(), checked_password(password))

    def begin_totp(self, access: str) -> str:
        """Ask for the secret of an authenticator app, base32; show it as a picture drawn here, and keep it nowhere."""
        with refusals():
            answer = self._door().client.associate_software_token(AccessToken=access)
            return str(answer["SecretCode"])

    def finish_totp(self, access: str, code: str, device_name: str) -> None:
        """Prove that the app shows the right digits, and ask for them from now on."""
        with refusals():
            client = self._door().client
            client.verify_software_token(AccessToken=access, UserCode=code.strip(), FriendlyDeviceName=device_name)
        self.prefer_factor(access, "app")

    def prefer_factor(self, access: str, factor: str) -> None:
        """Say what is asked for besides the password: ``app``, ``sms`` or ``none``."""
        app = {"Enabled": factor == "app", "PreferredMfa": factor == "app"}
        sms = {"Enabled": factor == "sms", "PreferredMfa": factor == "sms"}
        wanted: dict[str, Any] = {"SoftwareTokenMfaSettings": app}
        if factor == "sms":
            # A pool without a phone number refuses to hear of text messages at all.
            wanted["SMSMfaSettings"] = sms
        with refusals():
            self._door().client.set_user_mfa_preference(AccessToken=access, **wanted)

    def factors(self, access: str) -> SecondFactors:
        """What the account asks for besides the password."""
        with refusals():
            found = self._door().client.get_user(AccessToken=access)
        names = tuple(_FACTORS[one] for one in found.get("UserMFASettingList") or () if one in _FACTORS)
        attributes = {one.get("Name"): one.get("Value") for one in found.get("UserAttributes") or ()}
        return SecondFactors(
            names,
            _FACTORS.get(str(found.get("PreferredMfaSetting") or ""), names[0] if names else ""),
            attributes.get("phone_number_verified") == "true",
        )

    # -- tokens -------------------------------------------------------------------------------------------------

    def _tokens(self, result: dict[str, Any]) -> TokenSet:
        """Verify both tokens (signature, issuer, audience, expiry, use) and read their claims."""
        access, identity = str(result.get("AccessToken") or ""), str(result.get("IdToken") or "")
        door = self._door(access_token=access, id_token=identity)
        claims = door.verify_token(access, "access_token", "access")
        about = door.verify_token(identity, "id_token", "id")
        if claims.get("iss") != self._pool.issuer or claims.get("client_id") != self._pool.client_id:
            raise configuration_error("issuer or client of the tokens")
        return TokenSet(
            access=access,
            id=identity,
            refresh=str(result.get("RefreshToken") or ""),
            subject=str(claims["sub"]),
            email=str(about.get("email", "")),
            name=str(about.get("name", "")),
            issued=float(claims.get("iat", time.time())),
            expires=float(claims["exp"]),
        )


def _proxies(proxy: str | None) -> dict[str, str] | None:
    """A proxy as boto3 takes it: ``None`` leaves it to the system, and empty means none at all."""
    if proxy is None:
        return None
    return {} if proxy == NO_PROXY else {"http": proxy, "https": proxy}


_FACTORS: Final = {"SOFTWARE_TOKEN_MFA": "app", "SMS_MFA": "sms"}
