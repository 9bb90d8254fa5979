import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.security.KeyStore;
import java.security.Security;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** Serves TLS with all that Java still has and no longer allows: [address:]port, key store, protocols, suites. */
public class LegacyTls {
    public static void main(String[] arguments) throws Exception {
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.tls.legacyAlgorithms", "");
        Security.setProperty("jdk.certpath.disabledAlgorithms", "");
        char[] password = "changeit".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream file = new FileInputStream(arguments[1])) {
            store.load(file, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        String[] where = ("127.0.0.1:" + arguments[0]).split(":");
        String address = where[where.length - 2];
        int port = Integer.parseInt(where[where.length - 1]);
        SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory()
            .createServerSocket(port, 50, InetAddress.getByName(address));
        server.setEnabledProtocols(arguments[2].split(","));
        server.setEnabledCipherSuites(
            arguments.length > 3 ? arguments[3].split(",") : server.getSupportedCipherSuites());
        while (true) {
            SSLSocket socket = (SSLSocket) server.accept();
            new Thread(() -> {
                try (socket) {
                    socket.setSoTimeout(5000);
                    socket.startHandshake();
                    InputStream in = socket.getInputStream();
                    in.read();
                } catch (Exception ended) {
                    // The client left: that is what it is here for.
                }
            }).start();
        }
    }
}
