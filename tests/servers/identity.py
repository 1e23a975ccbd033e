"""A real Cognito emulator (ministack) as a process of its own, with pools and people for tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clarity_desktop.cloud.auth import Pool

__all__ = ["SIGN_UP_CODE", "RESET_CODE", "IdentityEmulator", "identity_emulator"]

REGION = "us-east-1"
SIGN_UP_CODE = "123456"
RESET_CODE = "654321"


@dataclass
class IdentityEmulator:
    """The running emulator."""

    url: str

    def _admin(self) -> Any:
        import boto3

        return boto3.client(
            "cognito-idp",
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def make_pool(self) -> Pool:
        """A pool with a client that takes SRP and refresh tokens, and no plain passwords."""
        admin = self._admin()
        pool = admin.create_user_pool(
            PoolName="desktop", UsernameAttributes=["email"], AutoVerifiedAttributes=["email"]
        )["UserPool"]["Id"]
        admin.set_user_pool_mfa_config(
            UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
        )
        client = admin.create_user_pool_client(
            UserPoolId=pool,
            ClientName="desktop",
            ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        return Pool(REGION, pool, client, self.url)

    def keys(self, pool: Pool) -> dict[str, Any]:
        """The pool's public keys."""
        with urllib.request.urlopen(pool.keys_url, timeout=5) as answer:
            found = json.load(answer)
        assert isinstance(found, dict)
        return found

    def make_person(self, pool: Pool, email: str, password: str, *, must_change: bool = False) -> None:
        """A confirmed person; with ``must_change`` the password is one that an operator gave."""
        admin = self._admin()
        admin.admin_create_user(
            UserPoolId=pool.pool_id,
            Username=email,
            TemporaryPassword=password,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
        )
        if not must_change:
            admin.admin_set_user_password(UserPoolId=pool.pool_id, Username=email, Password=password, Permanent=True)

    def disable(self, pool: Pool, email: str) -> None:
        """Switch an account off."""
        self._admin().admin_disable_user(UserPoolId=pool.pool_id, Username=email)


@contextmanager
def identity_emulator(log: Path) -> Iterator[IdentityEmulator]:
    """Run the emulator on a free port; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).parent / "ministack"
    found = str(program) if program.exists() else shutil.which("ministack")
    assert found, "ministack is not installed"
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AUTH": "true"}
    with log.open("wb") as output:
        process = subprocess.Popen([found], env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield IdentityEmulator(url)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the emulator ended by itself"
        try:
            with urllib.request.urlopen(f"{url}/_ministack/ready", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the emulator was not ready within a minute")
